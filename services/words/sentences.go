package words

import "maps"

// sentence is what a code says; arguments stand in braces.
type sentence struct{ zh, en string }

// all are the sentences of every code.
var all = gather(kernel(), recorded(), deadlines(), complaints(), callbacks(), halls(), points())

func sentences() map[string]sentence { return all }

func gather(tables ...map[string]sentence) map[string]sentence {
	together := map[string]sentence{}
	for _, table := range tables {
		for code := range table {
			if _, twice := together[code]; twice {
				panic("words: the code " + code + " has two sentences") // a test runs it
			}
		}
		maps.Copy(together, table)
	}
	return together
}

// kernel is what holds for every fact.
func kernel() map[string]sentence {
	return map[string]sentence{
		"conflict":        {"同一编号的事件内容不同，已隔离，请核对来源系统", "the same id came before with other content; check the source system"},
		"no_longer_shown": {"现有事件不再支持该认定", "the events no longer show it"},
		"moved":           {"归属变更，改记他处", "it belongs elsewhere now"},
		"rule_failed":     {"规则无法应用于该事实，请检查考核办法：{error}", "a rule cannot be applied to the fact; check the rulebook: {error}"},
		"failed":          {"服务处理该输入时出错，已隔离；升级后用 kaohe quarantine retry 重试：{error}", "the service failed on this input; try it again after an upgrade with kaohe quarantine retry: {error}"},
		"unreadable":      {"无法解码，请检查发送方的格式：{error}", "cannot be decoded; check the sender's format: {error}"},
	}
}

// recorded is what ticket-ingest says.
func recorded() map[string]sentence {
	return map[string]sentence{
		"record_withdrawn":   {"该记录已撤回", "the record was taken back"},
		"undecided":          {"尚未决定", "it is not decided yet"},
		"own_decision":       {"{person} 不能决定自己提出的加减分，请由他人决定", "{person} proposed it and cannot decide it; somebody else has to"},
		"decision_withdrawn": {"{person} 撤回了该决定：{reason}", "{person} withdrew the decision: {reason}"},
		"decided":            {"{person} 认定：{reason}", "{person} decided: {reason}"},
		"proposal_withdrawn": {"{person} 撤回了建议：{reason}", "{person} took the proposal back: {reason}"},
		"already_decided":    {"已作出决定", "it was decided"},
		"proposed":           {"{person} 建议{points}分：{reason}", "{person} proposes {points} points: {reason}"},
		"fault_cancelled":    {"工单已撤销，不计入报修", "the ticket was cancelled and is not counted"},
		"merged_into":        {"工单已并入 {into}，不重复计数", "the ticket was merged into {into} and is not counted twice"},
	}
}

// deadlines is what sla-timer says.
func deadlines() map[string]sentence {
	return map[string]sentence{
		"completed_late": {"应于 {due} 前完成，实际 {done} 完成，超时 {late}", "due {due}, completed {done}, {late} late"},
		"not_completed":  {"应于 {due} 前完成，到期未完成", "due {due}, not completed by then"},
		"replied_late":   {"应于 {due} 前回单，实际 {done} 回单，超时 {late}", "due {due}, replied {done}, {late} late"},
		"not_replied":    {"应于 {due} 前回单，到期未回单", "due {due}, not replied by then"},
		"answered_late":  {"应于 {due} 前答复，实际 {done} 答复，超时 {late}", "due {due}, answered {done}, {late} late"},
		"not_answered":   {"应于 {due} 前答复，到期未答复", "due {due}, not answered by then"},

		"met":                 {"应于 {due} 前完成，实际 {done} 完成，未超时", "due {due}, completed {done}, in time"},
		"met_before":          {"已在时限内完成", "completed in time"},
		"cancelled":           {"工单已撤销，不再计时", "the ticket was cancelled, its clocks stand"},
		"merged":              {"工单已并入 {into}，在该工单中计时", "the ticket was merged into {into} and is judged there"},
		"no_commitment":       {"工单已无承诺时限", "no commitment holds for the ticket any more"},
		"suspended":           {"工单挂起中，承诺时限暂停", "the ticket is suspended, the commitment clock stands"},
		"promise_moved":       {"已与客户改约至 {due}", "the customer agreed to {due}"},
		"reopened_before_due": {"到期前已返工，由新一轮计时", "reopened before it was due, the new cycle is judged"},
		"not_due_yet":         {"应于 {due} 前完成，时限未到", "due {due}, not due yet"},
		"not_due":             {"时限未到", "not due yet"},
		"answer_not_due":      {"答复时限未到", "the answer is not due yet"},
		"answered_in_time":    {"应于 {due} 前答复，实际 {done} 答复，未超时", "due {due}, answered {done}, in time"},
		"replied_in_time":     {"回单未超时", "the reply is not late"},
		"stopped":             {"工单已撤销、合并或返工，不再要求回单", "the ticket was cancelled, merged or reopened, so no reply is due"},

		"unknown_class":         {"考核办法 {version} 中没有承诺类别“{class}”，请补充", "rulebook {version} has no commitment class \"{class}\"; add it"},
		"missing_calendar_year": {"日历 {calendar} 缺少 {year} 年的节假日数据，无法计算时限，请补充", "calendar {calendar} has no holiday data for {year}, so no deadline is computed; add the year"},
		"no_deadline":           {"承诺类别“{class}”无法计算时限，请检查日历：{error}", "no deadline can be computed for class \"{class}\"; check its calendar: {error}"},

		"alert_forwarded": {"投诉 {complaint} 已转办，请于 {due} 前处理并答复", "complaint {complaint} was forwarded, to be answered by {due}"},
		"alert_due_soon":  {"转办的投诉 {complaint} 尚未答复，应于 {due} 前答复", "forwarded complaint {complaint} is not answered yet, due {due}"},
		"alert_missed":    {"转办的投诉 {complaint} 未在 {due} 前答复", "forwarded complaint {complaint} was not answered by {due}"},
		"alert_answered":  {"已于 {done} 答复", "answered {done}"},

		"not_planned":             {"停播系故障所致，并非计划性网改/停电", "it was a fault, not a planned interruption"},
		"announced":               {"已按规定提前书面告知并通知客户", "it was announced in writing and customers were told"},
		"no_interruption_known":   {"没有该停播的计划和告知记录，客户因此投诉", "no such interruption was planned or announced, and the customer complained"},
		"unannounced_both":        {"{starts} 的网改/停电未按时提交书面通知，也未通知客户，客户因此投诉", "the interruption of {starts} came without timely written notice and without telling customers, and the customer complained"},
		"unannounced_notice":      {"{starts} 的网改/停电未按时提交书面通知，客户因此投诉", "the interruption of {starts} came without timely written notice, and the customer complained"},
		"unannounced_customers":   {"{starts} 的网改/停电未提前通知客户，客户因此投诉", "the interruption of {starts} came without telling customers beforehand, and the customer complained"},
		"nothing_to_tell":         {"无需告知", "there is nothing to tell"},
		"complaints_did_not_rise": {"投诉量未上升", "complaints did not rise"},
		"told_in_time":            {"未超过告知时限", "the call centre was told in time, or need not be told yet"},
		"not_told_start":          {"应于 {due} 前将预计恢复时间告知呼叫中心，到期未告知，引发投诉 {complaints} 起", "the call centre had to be told the expected end by {due} and was not; complaints: {complaints}"},
		"told_late_start":         {"应于 {due} 前将预计恢复时间告知呼叫中心，实际 {done} 告知，引发投诉 {complaints} 起", "the call centre had to be told the expected end by {due} and was at {done}; complaints: {complaints}"},
		"not_told_end":            {"应于 {due} 前将恢复情况告知呼叫中心，到期未告知，引发投诉 {complaints} 起", "the call centre had to be told of the end by {due} and was not; complaints: {complaints}"},
		"told_late_end":           {"应于 {due} 前将恢复情况告知呼叫中心，实际 {done} 告知，引发投诉 {complaints} 起", "the call centre had to be told of the end by {due} and was at {done}; complaints: {complaints}"},
	}
}

// complaints is what complaint-escalation says.
func complaints() map[string]sentence {
	return map[string]sentence{
		"to_verify":            {"投诉待核实是否有效", "the complaint waits to be found valid or not"},
		"to_decide":            {"{cause}投诉待设定扣分", "the complaint about {cause} waits for its points"},
		"nothing_awaited":      {"无需决定或已决定", "there is nothing to decide, or it was decided"},
		"late_work_complained": {"客户因处理不及时投诉{ticket}", "the customer complained about late work{ticket}"},
		"buck_passed":          {"推诿投诉经核实有效{ticket}", "a complaint about passing the buck was verified valid{ticket}"},
		"no_points_set":        {"考核人员未就该投诉设定扣分", "no points are set for the complaint by an assessor"},
		"points_set":           {"考核人员{person}就{cause}投诉设定扣分{points}分：{reason}", "{person} set {points} points off for the complaint about {cause}: {reason}"},
		"other_cause":          {"投诉原因不属此类，为{cause}", "the complaint is about something else: {cause}"},
		"customer_known":       {"已知客户，按客户的同一事项认定", "the customer is known; judged with the customer's matter"},
		"complaint_escalated":  {"投诉升级到{level}，经核实有效", "the complaint reached {level} and was verified valid"},
		"not_escalated":        {"投诉未升级到分公司及以上", "no complaint of the matter reached the branch"},
		"found_invalid":        {"投诉经核实无效", "the complaint was verified and found invalid"},
		"not_verified":         {"投诉尚未核实，不予认定", "the complaint is not verified yet"},
		"first_of_matter":      {"该客户就此事项的首次有效投诉", "it is the customer's first standing complaint about the matter"},
		"matter_merged":        {"工单已合并，投诉归入合并后的工单", "the ticket was merged; its complaints belong to the ticket that goes on"},
		"outside_window":       {"距前一次{after}，超过{window}的时限", "it came {after} after the one before, outside the window of {window}"},
		"second_complaint":     {"同一客户就同一事项第{ordinal}次投诉，距上次投诉（{earlier}）{after}{ticket}", "complaint number {ordinal} of the customer about the same matter, {after} after complaint {earlier}{ticket}"},

		"reopened":         {"工单完成后于{at}重新打开返工", "the ticket was reopened at {at} after its work was completed"},
		"nearer_ticket":    {"另有更近的同类工单", "another such ticket was closed nearer to the new report"},
		"reported_again":   {"工单关闭{after}后同一客户再次报修同类故障（工单{ticket}）", "the customer reported the same kind of fault again (ticket {ticket}) {after} after closing"},
		"ticket_cancelled": {"工单{ticket}已撤销", "ticket {ticket} was cancelled"},
		"ticket_merged":    {"工单{ticket}已合并到其他工单", "ticket {ticket} was merged into another"},

		"about_ticket":       {"（工单{ticket}）", " (ticket {ticket})"},
		"level_hotline":      {"热线", "the hotline"},
		"level_branch":       {"分公司", "the branch"},
		"level_province":     {"省公司", "the province"},
		"level_above":        {"省级以上", "above the province"},
		"cause_late_work":    {"处理不及时", "late work"},
		"cause_false_reply":  {"虚假回单", "a false reply"},
		"cause_buck_passing": {"推诿", "passing the buck"},
		"cause_interruption": {"中断未告知", "an unannounced interruption"},
		"cause_attitude":     {"服务态度", "attitude"},
		"cause_discipline":   {"服务纪律", "discipline"},
		"cause_other":        {"其他原因", "another cause"},
	}
}

// callbacks is what survey says.
func callbacks() map[string]sentence {
	return map[string]sentence{
		"matches":                {"回访与回单相符或未问及", "the callback matches the reply, or did not ask"},
		"no_reply_before":        {"回访之前没有回单，无从比对", "no reply came before the callback, so there is none to contradict"},
		"contradicted":           {"{replied}的回单与客户回访所述不符", "the customer's account at the callback does not match the reply of {replied}"},
		"seriously_contradicted": {"{replied}的回单与客户回访所述严重不符", "the customer's account at the callback seriously contradicts the reply of {replied}"},
		"not_asked":              {"回访未问满意度", "the callback did not ask about satisfaction"},
		"satisfied":              {"回访时客户表示满意", "the customer said at the callback to be satisfied"},
		"dissatisfied":           {"回访时客户表示不满意", "the customer said at the callback to be dissatisfied"},
		"no_thanks":              {"回访没有提出感谢加分", "the callback proposes no points for thanks"},
		"not_decided":            {"感谢加分待考核人员决定", "the assessor has not decided about the thanks yet"},
		"refused":                {"考核人员未同意感谢加分", "the assessor refused points for the thanks"},
		"thanked":                {"回访时客户表示感谢，建议{proposed}分，批准{granted}分", "the customer gave thanks at the callback: {proposed} points proposed, {granted} granted"},
		"thanks_proposed":        {"回访时客户表示感谢，建议加{proposed}分，待决定", "the customer gave thanks at the callback; {proposed} points are proposed"},
		"not_reached":            {"回访未联系到客户", "the customer was not reached at the callback"},
		"praised":                {"客户主动来电表扬", "the customer called of his own accord to praise"},

		"not_about_a_reply":         {"投诉原因不是虚假回单", "the complaint is not about a false reply"},
		"no_false_reply":            {"该工单没有被认定的虚假回单", "no reply of the ticket is shown to be false"},
		"false_reply_complained":    {"{replied}的虚假回单引起客户投诉{complaint}", "the customer complained ({complaint}) about the false reply of {replied}"},
		"not_shown_false":           {"没有事件表明回单不实", "no event shows the reply to be false"},
		"shown_by_callback":         {"{replied}回单称已完成，但{showed}{what}", "the reply of {replied} claimed the work done, but at {showed} {what}"},
		"shown_by_handed_on":        {"{replied}回单称已完成，但{showed}{what}", "the reply of {replied} claimed the work done, but at {showed} {what}"},
		"shown_by_in_progress":      {"{replied}回单称已完成，但{showed}{what}", "the reply of {replied} claimed the work done, but at {showed} {what}"},
		"said_not_done":             {"回访时客户说未真正完成", "the customer said it was not really done"},
		"replied_in_progress":       {"又回单称仍在处理", "another reply said the work went on"},
		"replied_handed_on":         {"又回单称已转他人", "another reply said the work was handed on"},
		"was_transferred":           {"工单被转派", "the ticket was transferred"},
		"was_suspended":             {"工单被挂起", "the ticket was suspended"},
		"explained":                 {"回单说明了原因或处理情况", "the reply says a cause or what was done"},
		"says_no_more_than_handled": {"回单未写故障原因，只写“{text}”", "the reply gives no cause and says only “{text}”"},
		"says_nothing":              {"回单未写故障原因，也无内容", "the reply gives no cause and no text"},
	}
}

// halls is what quality says.
func halls() map[string]sentence {
	return map[string]sentence{
		"found":                {"{person} {at} {how}“{check}”：{level}{text}", "{person} found by {how} at {at} for \"{check}\": {level}{text}"},
		"how_inspection":       {"现场抽查", "inspection"},
		"how_mystery_visit":    {"暗访", "mystery visit"},
		"how_report":           {"记录", "report"},
		"seen":                 {"；{text}", "; {text}"},
		"said":                 {"：{text}", ": {text}"},
		"visitor_satisfied":    {"暗访人员总体满意", "the mystery visitor was satisfied overall"},
		"visitor_dissatisfied": {"暗访人员总体不满意{text}", "the mystery visitor was dissatisfied overall{text}"},
		"hall_satisfied":       {"客户对营业厅表示满意", "the customer said to be satisfied with the hall"},
		"hall_dissatisfied":    {"客户对营业厅表示不满意{text}", "the customer said to be dissatisfied with the hall{text}"},
		"recorded":             {"{person} 记录：{reason}", "{person} put on record: {reason}"},
		"sanctioned":           {"{person} 认定弄虚作假：{reason}", "{person} found the assessment gamed: {reason}"},
		"waived":               {"{person} 同意当月免评：{reason}", "{person} waived it for the month: {reason}"},
	}
}

// points is what scoring says.
func points() map[string]sentence {
	return map[string]sentence{
		"retracted":         {"撤销原记分：{because}", "taken back: {because}"},
		"judged_anew":       {"情况变化，重新认定：{because}", "judged anew: {because}"},
		"rules_changed":     {"考核办法或单位登记变更，按版本“{version}”重新评定", "rules or registrations changed; judged anew under version \"{version}\""},
		"counts_changed":    {"当月计数变化，不再成立或按新数重记", "the counts of the month changed: it no longer holds, or is posted anew with the new numbers"},
		"counts_changed_by": {"当月计数变化：{because}", "the counts of the month changed: {because}"},
		"moved_to_closed":   {"情况变化，改属已关账月份，待该月更正批准", "judged anew: it belongs to a closed month and waits there for approval"},
		"restated":          {"更正（{person}）：{reason}", "restated by {person}: {reason}"},
		"adjusted":          {"{because}；异议裁定：{reason}", "{because}; adjusted on objection: {reason}"},
		"ruling_upheld":     {"异议成立（{person}）：{reason}", "objection upheld by {person}: {reason}"},
		"ruling_adjusted":   {"异议裁定调整（{person}）：{reason}", "adjusted on objection by {person}: {reason}"},
		"ruling_changed":    {"异议裁定变更，恢复原记分", "the ruling changed; the entry stands again"},
		"zero_at":           {"当月“{item}”已扣{count}起，达到即记0分", "the month has {count} deductions on \"{item}\", from which the item scores 0"},
		"rate":              {"当月回访{rated}起，满意{satisfied}起，按满意率计分", "{satisfied} of {rated} callbacks of the month were satisfied; scored by that share"},
		"quota_crossed":     {"当月报修超过维护客户{customers}户的{share}%（{limit}起），本部分记0分", "the faults of the month exceed {share}% of {customers} customers ({limit}); the part scores 0"},
		"quota_near":        {"当月报修{used}起，已用至指标（{limit}起）的{share}%", "{used} faults this month, {share}% of the quota of {limit}"},
		"quota_over":        {"当月报修{used}起，已超过指标（{limit}起），本部分记0分", "{used} faults this month, above the quota of {limit}; the part scores 0"},
		"not_published":     {"{month} 应在次月前{days}日（{last} 前，含当日）公布，逾期未公布", "{month} had to be published within the first {days} days of the next month, by the end of {last}, and is not"},
		"published":         {"{person} 已公布", "published by {person}"},
		"notice_withdrawn":  {"撤回提醒：{because}", "withdrawn: {because}"},
	}
}
