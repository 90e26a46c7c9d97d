// What the events of the feed, their fields and their values are called in Chinese;
// in English they are called what the contract calls them.
export const kinds = {
  ticketOpened: '工单开立', ticketDispatched: '派单', ticketTransferred: '转派', ticketSuspended: '挂起', ticketResumed: '恢复', ticketRescheduled: '改约',
  ticketReplied: '回单', ticketClosed: '关闭', ticketReopened: '返工', ticketCancelled: '撤销', ticketMerged: '合并', ticketUnmerged: '取消合并',
  sourceVerdictReported: '来源系统判定', complaintFiled: '投诉', complaintForwarded: '转办', complaintAnswered: '答复', complaintVerified: '核实',
  complaintResolved: '解决', complaintFedBack: '反馈', callbackDone: '回访', praiseGiven: '表扬', massFaultDeclared: '大面积故障',
  massFaultTold: '大面积故障告知', massFaultRestored: '大面积故障恢复', interruptionPlanned: '网改/停电', pointsDecided: '评分决定', thanksDecided: '感谢加分决定', callMade: '调用',
  hallAssessed: '营业厅评定', hallSurveyed: '营业厅满意度调查', conductRecorded: '服务行为记录', sanctionImposed: '处罚', itemWaived: '免评', hallsDrawn: '抽查抽签',
  objectionRaised: '提出异议', objectionDecided: '异议裁定', monthClosingStarted: '开始关账', monthClosed: '关账', monthPublished: '公布', restatementDecided: '更正决定',
};
export const fields = {
  ticket: '工单', unit: '单位', person: '人员', text: '内容', reason: '原因', complaint: '投诉', agent: '坐席', outage: '故障', customer: '客户', kind: '类型',
  category: '类别', priority: '优先级', channel: '渠道', cause: '原因', level: '级别', result: '结果', matter: '事项', match: '与实际', item: '项目', points: '分值',
  rule: '规则', into: '并入', to: '转至', by: '由', area: '区域', about: '关于', subject: '对象', decision: '决定', valid: '有效', met: '达标', agreed: '客户同意',
  faultCause: '故障原因', commitmentClass: '承诺类别', dueAt: '应完成', completedAt: '完成', startsAt: '开始', endsAt: '结束', expectedEnd: '预计恢复', noticeAt: '告知',
  toldAt: '告知呼叫中心', customersToldAt: '告知客户', reached: '已接通', callback: '回访', keyCustomer: '重要客户', code: '编码', aboutAt: '所指时间', satisfaction: '满意度', method: '方式',
};
export const values = {
  FAULT: '报修', COMPLAINT: '投诉', ENQUIRY: '咨询', CUSTOMER: '客户原因', WEATHER: '天气', MATERIAL: '材料', OTHER: '其他', DONE: '已完成', IN_PROGRESS: '处理中',
  HANDED_ON: '转出', LATE_WORK: '施工不及时', FALSE_REPLY: '虚假回单', BUCK_PASSING: '推诿', UNANNOUNCED_INTERRUPTION: '未告知中断', ATTITUDE: '服务态度', DISCIPLINE: '服务纪律',
  HOTLINE: '热线', BRANCH: '分公司', PROVINCE: '省公司', ABOVE: '省公司以上', SUPERVISION_PHONE: '监督电话', OPINION_BOX: '意见箱', COUNTER: '柜台', LETTER: '来信',
  YES: '相符', NO: '不符', SERIOUSLY_NOT: '严重不符', INSPECTION: '检查', CHEATING_REPORT: '举报弄虚作假', OTHER_CASE: '其他加分事项', true: '是', false: '否',
};
