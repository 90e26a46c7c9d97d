package simulate

import feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"

// unit is a business unit and what happens to it in the month.
type unit struct {
	id, zh, en string
	kind       feedv1.UnitKind
	customers  int64
	// faults is how many fault tickets it gets; the quota is 1.5 % of customers.
	faults    int
	enquiries int
	// classes are its commitment classes, drawn from evenly.
	classes []string
	agents  []string
	// incidents are what goes wrong, or well, and how often. A fraction is the
	// probability of one more.
	incidents []happening
	// duplicates are customers who report the same fault again and again on an
	// evening late in the month: the unit is over its quota until the reports
	// are merged.
	duplicates int
}

// happening is an incident and how often it happens.
type happening struct {
	what  incident
	often float64
}

const (
	urban    = "urban-24h"
	rural    = "rural-48h"
	standard = "standard-3wd"
)

const (
	outlet     = feedv1.UnitKind_UNIT_KIND_OUTLET
	contractor = feedv1.UnitKind_UNIT_KIND_CONTRACTOR
)

// units are the six of the first operator. The names of people are made up.
var units = []unit{
	{
		id: "chengqu", zh: "城区营业部", en: "Town outlet", kind: outlet, customers: 18000, faults: 196, enquiries: 90,
		classes: []string{urban, urban, urban, standard}, agents: []string{"王建军", "李小红", "赵磊", "陈静", "刘洋"},
		incidents: []happening{
			{overdue, 1}, {reopened, 1.5}, {unexplained, 1.5}, {dissatisfied, 1}, {escalatedInvalid, 1}, {otherComplaint, 3},
			{inspection, 1}, {thanked, 2}, {thanksRefused, 1}, {praised, 1}, {lateWorkInvalid, 1},
		},
	},
	{
		id: "xinqu", zh: "新区营业部", en: "New district outlet", kind: outlet, customers: 14000, faults: 168, enquiries: 70,
		classes: []string{urban, urban, standard}, agents: []string{"张伟", "杨丽", "周涛", "吴敏"},
		incidents: []happening{
			{escalatedProvince, 1}, {dissatisfied, 1.3}, {reportedAgain, 1}, {attitude, 1}, {unexplained, 1.5},
			{otherComplaint, 2}, {thanked, 1}, {praised, 1},
		},
	},
	{
		id: "yaozhou", zh: "耀州区营业部", en: "Yaozhou outlet", kind: outlet, customers: 12000, faults: 172, enquiries: 50,
		classes: []string{rural, rural, urban}, agents: []string{"孙强", "马兰", "朱峰", "胡军"}, duplicates: 5,
		incidents: []happening{
			{overdue, 1}, {escalatedBranch, 1}, {second, 1}, {dissatisfied, 1}, {reopened, 1.5}, {unexplained, 2},
			{answeredLate, 1}, {otherComplaint, 2}, {praised, 1.5}, {thanked, 1},
		},
	},
	{
		id: "yijun", zh: "宜君营业部", en: "Yijun outlet", kind: outlet, customers: 7200, faults: 71, enquiries: 30,
		classes: []string{rural}, agents: []string{"郭鹏", "何秀英", "高勇"},
		incidents: []happening{{reopened, 1}, {contradicted, 1}, {unexplained, 0.5}, {thanked, 1}, {otherComplaint, 1}},
	},
	{
		id: "zhanqu", zh: "站区营业部", en: "Station outlet", kind: outlet, customers: 6000, faults: 64, enquiries: 30,
		classes: []string{urban}, agents: []string{"林志强", "罗梅", "梁波"},
		incidents: []happening{
			{lateWork, 1}, {third, 1}, {discipline, 1}, {dissatisfied, 0.4}, {cheatingReport, 1}, {unexplained, 1}, {thanked, 1}, {otherCase, 1},
		},
	},
	{
		id: "daiwei", zh: "代维公司", en: "Maintenance contractor", kind: contractor, customers: 9000, faults: 118, enquiries: 0,
		classes: []string{urban, rural}, agents: []string{"宋刚", "唐军", "许斌", "韩冰"},
		incidents: []happening{
			{overdue, 2}, {replyLate, 1}, {falseReply, 1}, {falseReplyComplained, 1}, {unexplained, 3}, {contradictedSeriously, 1},
			{dissatisfied, 1}, {reopened, 2.5}, {buckPassed, 1}, {lateWork, 1}, {inspection, 1}, {praised, 0.5},
		},
	},
}
