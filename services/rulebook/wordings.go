package rulebook

// wordings tells every kind of problem in both languages. Arguments are
// addressed by index because the languages order them differently.
func wordings() map[string]wording {
	return map[string]wording{
		// The document.
		"empty": {
			zh: "文档为空", fixZh: "请从默认规则 96766.yaml 复制后修改",
			en: "the document is empty", fixEn: "copy the default rulebook 96766.yaml and change it",
		},
		"too_large": {
			zh: "文档有 %[1]d 字节，上限 %[2]d", fixZh: "请删去无关内容",
			en: "the document has %[1]d bytes, more than %[2]d", fixEn: "take out what is not part of the rules",
		},
		"too_deep": {
			zh: "嵌套可能超过 %[1]d 层", fixZh: "请核对括号与缩进",
			en: "it may be nested more than %[1]d deep", fixEn: "check brackets and indentation",
		},
		"too_complex": {
			zh: "文档的 YAML 符号超过 %[1]d 个", fixZh: "请删去无关内容",
			en: "the document has more than %[1]d signs of structure", fixEn: "take out what is not part of the rules",
		},
		"too_many_lines": {
			zh: "文档超过 %[1]d 行", fixZh: "请删去无关内容",
			en: "the document has more than %[1]d lines", fixEn: "take out what is not part of the rules",
		},
		"more_problems": {
			zh: "另有 %[1]d 个问题未列出", fixZh: "请先更正以上问题",
			en: "there are %[1]d more problems", fixEn: "correct these first",
		},
		"not_yaml": {
			zh: "不是有效的 YAML：%[1]s", fixZh: "请在此处更正语法",
			en: "this is not YAML: %[1]s", fixEn: "correct the syntax here",
		},
		"several_documents": {
			zh: "文件中有 %[1]d 个文档", fixZh: "每个文件只放一个规则版本，删去“---”",
			en: "the file holds %[1]d documents", fixEn: "keep one version a file and take out the ---",
		},
		"alias": {
			zh: "不支持锚点、别名、合并与标签", fixZh: "请写出完整内容",
			en: "anchors, aliases, merges and tags are not supported", fixEn: "write the content out",
		},
		"version_differs": {
			zh: "文件中的版本是 %[1]q，发布的是 %[2]q", fixZh: "请使两者一致",
			en: "the file says version %[1]q, it is published as %[2]q", fixEn: "make them the same",
		},
		"month_malformed": {
			zh: "%[1]q 不是月份", fixZh: "请写作 yyyy-mm，例如 2026-07",
			en: "%[1]q is not a month", fixEn: "write yyyy-mm, for example 2026-07",
		},
		"zone_unknown": {
			zh: "未知时区 %[1]q", fixZh: "请写 IANA 名称，例如 Asia/Shanghai",
			en: "%[1]q is not a known zone", fixEn: "write an IANA name such as Asia/Shanghai",
		},

		// Fields.
		"unknown_field": {
			zh: "没有字段 %[1]q", fixZh: "可用字段：%[2]s",
			en: "there is no field %[1]q", fixEn: "use one of %[2]s",
		},
		"misspelt_field": {
			zh: "没有字段 %[1]q", fixZh: "是否应为 %[2]q？",
			en: "there is no field %[1]q", fixEn: "did you mean %[2]q?",
		},
		"duplicate_field": {
			zh: "字段 %[1]q 重复（首次在第 %[2]d 行）", fixZh: "请删去其一",
			en: "the field %[1]q was given before, on line %[2]d", fixEn: "take one of them out",
		},
		"missing_field": {
			zh: "缺少字段 %[1]q", fixZh: "请补上",
			en: "the field %[1]q is missing", fixEn: "add it",
		},
		"wrong_type": {
			zh: "此处应为%[1]s，实为%[3]s", fixZh: "请改写；含冒号、数字或 true/false 的文字要加引号",
			en: "this must be %[2]s, not %[4]s", fixEn: "rewrite it; text made of digits, true or false needs quotes",
		},
		"empty_text": {
			zh: "内容为空", fixZh: "请填写",
			en: "this is empty", fixEn: "fill it in",
		},
		"empty_list": {
			zh: "列表为空", fixZh: "请至少填写一项",
			en: "the list is empty", fixEn: "give at least one",
		},
		"text_too_long": {
			zh: "文字超过 %[1]d 字", fixZh: "请缩短",
			en: "the text is longer than %[1]d characters", fixEn: "shorten it",
		},
		"not_one_of": {
			zh: "%[1]q 不在可选值之列", fixZh: "请从中选择：%[2]s",
			en: "%[1]q is not possible here", fixEn: "choose one of %[2]s",
		},
		"basis_unknown": {
			zh: "依据 %[1]q 不明", fixZh: "出自制度写 source，自行设定写 assumption",
			en: "the basis %[1]q is not known", fixEn: "write source if the operator's rules say so, otherwise assumption",
		},

		// Numbers and durations.
		"not_decimal": {
			zh: "%[1]q 不是十进制数", fixZh: "请写如 5、-3 或 1.5 的数",
			en: "%[1]q is not a decimal number", fixEn: "write a number such as 5, -3 or 1.5",
		},
		"too_precise": {
			zh: "%[1]s 的小数多于 %[2]d 位", fixZh: "请最多保留 %[2]d 位小数",
			en: "%[1]s has more than %[2]d places", fixEn: "use at most %[2]d places",
		},
		"out_of_range": {
			zh: "%[1]s 超出范围", fixZh: "请取 %[2]s 至 %[3]s 之间的值",
			en: "%[1]s is absurd here", fixEn: "choose a value from %[2]s to %[3]s",
		},
		"not_duration": {
			zh: "%[1]q 不是时长", fixZh: "请写如 30min、24h、7d、1d12h（d 为 24 小时）",
			en: "%[1]q is not a duration", fixEn: "write for example 30min, 24h, 7d or 1d12h; a d is 24 hours",
		},
		"negative_duration": {
			zh: "时长 %[1]q 为负", fixZh: "请写正的时长",
			en: "the duration %[1]q is negative", fixEn: "write a positive duration",
		},
		"zero_duration": {
			zh: "时长为零", fixZh: "请写正的时长",
			en: "the duration is zero", fixEn: "write a positive duration",
		},
		"duration_too_long": {
			zh: "时长 %[1]q 超过 366 天", fixZh: "请写 366d 以内的时长",
			en: "the duration %[1]q is longer than 366 days", fixEn: "write at most 366d",
		},
		"days_of_work": {
			zh: "按工作日历计时不能用“d”：一天只有数小时工作时间", fixZh: "请写工作小时数，例如三个 7.5 小时的工作日写 22h30min",
			en: "a working calendar counts hours, and a d is 24 of them", fixEn: "give working hours: three days of 7.5 hours are 22h30min",
		},
		"share_out_of_range": {
			zh: "比例 %[1]q 不在 0（不含）至 100%% 之间", fixZh: "请写如 1.5%",
			en: "the share %[1]q is not above 0 and up to 100%%", fixEn: "write for example 1.5%",
		},

		// Calendars and commitments.
		"calendar": {
			zh: "日历有误：%[1]s", fixZh: "请更正日历",
			en: "the calendar: %[1]s", fixEn: "correct the calendar",
		},
		"calendar_unknown": {
			zh: "没有名为 %[1]q 的日历", fixZh: "可用：wall（自然时间）、%[2]s",
			en: "there is no calendar %[1]q", fixEn: "use wall (every instant counts) or %[2]s",
		},
		"duplicate_name": {
			zh: "名称 %[1]q 重复（首次在第 %[2]d 行）", fixZh: "请另取名称",
			en: "the name %[1]q was used before, on line %[2]d", fixEn: "choose another",
		},
		"calendar_reserved": {
			zh: "日历不能叫 %[1]q", fixZh: "请另取名称",
			en: "a calendar cannot be called %[1]q", fixEn: "choose another name",
		},

		// Parts, sections and items.
		"section_sum": {
			zh: "“%[1]s”各项合计 %[3]s 分，申明 %[4]s 分", fixZh: "请核对制度；照此仍可使用", warning: true,
			en: "the items of %[2]q add up to %[3]s, declared are %[4]s", fixEn: "compare with the source; it can be used as it is",
		},
		"part_sum": {
			zh: "“%[1]s”各节合计 %[3]s 分，申明 %[4]s 分", fixZh: "请核对制度；照此仍可使用", warning: true,
			en: "the sections of %[2]q add up to %[3]s, declared are %[4]s", fixEn: "compare with the source; it can be used as it is",
		},
		"weights_exceed": {
			zh: "各部分权重合计 %[1]s%%，超过 100%%", fixZh: "请调低权重",
			en: "the weights add up to %[1]s%%, more than 100%%", fixEn: "lower them",
		},
		"cap_below_max": {
			zh: "封顶 %[1]s 低于满分 %[2]s", fixZh: "封顶不得低于满分；不封顶则删去 cap",
			en: "the cap %[1]s is below the maximum %[2]s", fixEn: "raise it, or take cap out for none",
		},
		"rate_and_rule": {
			zh: "项目 %[1]s 按满意率计分，而规则 %[2]q 又按次扣分", fixZh: "二者留一：method 改为 per_incident，或删去该规则",
			en: "item %[1]s is scored by rate, and rule %[2]q charges the same callbacks one by one", fixEn: "choose one: set the method to per_incident or take the rule out",
		},
		"rate_and_zero_at": {
			zh: "按满意率计分的项目没有 zero_at", fixZh: "请删去 zero_at 或改为 per_incident",
			en: "an item scored by rate has no zero_at", fixEn: "take zero_at out or choose per_incident",
		},
		"no_level_free": {
			zh: "没有不扣分的等级", fixZh: "请加一个分值为 0 的等级，例如 regular: 0",
			en: "no level costs nothing", fixEn: "add one with 0, for example regular: 0",
		},
		"item_unruled": {
			zh: "没有规则扣项目 %[1]s 的分", fixZh: "如属有意可不理会；否则补一条规则", warning: true,
			en: "no rule takes anything off item %[1]s", fixEn: "add a rule, or leave it if this is meant",
		},

		// Rules.
		"kind_unknown": {
			zh: "没有事实种类 %[1]q", fixZh: "可用种类：%[2]s",
			en: "there is no fact kind %[1]q", fixEn: "use one of %[2]s",
		},
		"kind_misspelt": {
			zh: "没有事实种类 %[1]q", fixZh: "是否应为 %[2]q？",
			en: "there is no fact kind %[1]q", fixEn: "did you mean %[2]q?",
		},
		"kind_not_scored": {
			zh: "计分不读取 %[1]q，此规则永不生效", fixZh: "请改用：%[2]s", warning: true,
			en: "scoring does not read %[1]q, so the rule never applies", fixEn: "use one of %[2]s",
		},
		"part_unknown": {
			zh: "没有名为 %[1]q 的部分", fixZh: "可用：%[2]s",
			en: "there is no part %[1]q", fixEn: "use one of %[2]s",
		},
		"item_unknown": {
			zh: "部分 %[2]q 中没有项目 %[1]q", fixZh: "可用：%[3]s",
			en: "part %[2]q has no item %[1]q", fixEn: "use one of %[3]s",
		},
		"item_unnamed": {
			zh: "种类 %[1]q 的事实不带项目编号", fixZh: "请写明项目，而不是 \"*\"",
			en: "facts of kind %[1]q name no item", fixEn: "name the item instead of \"*\"",
		},
		"item_or_bonus": {
			zh: "规则须且只能写 item、bonus: true、penalty: true 之一", fixZh: "项目扣分写 item，加分写 bonus: true，项目外扣分写 penalty: true",
			en: "a rule has either an item, bonus: true or penalty: true", fixEn: "write item for a deduction, bonus: true for a bonus, penalty: true for a deduction beside the items",
		},
		"positive_on_item": {
			zh: "项目上的分值 %[1]s 为正", fixZh: "扣分写负数；加分改用 bonus: true",
			en: "the points %[1]s on an item are positive", fixEn: "write a negative number, or bonus: true if it is a bonus",
		},
		"negative_bonus": {
			zh: "加分 %[1]s 为负", fixZh: "加分写正数；扣分请写 item",
			en: "the bonus %[1]s is negative", fixEn: "write a positive number, or name an item if it is a deduction",
		},
		"zero_points": {
			zh: "分值为零", fixZh: "请写分值或删去该规则",
			en: "the points are zero", fixEn: "give points or take the rule out",
		},
		"points_form": {
			zh: "points 须为数值、expr，或 by 加 values", fixZh: "例如 points: \"-5\" 或 points: {by: fact.level, values: {branch: \"-10\"}}",
			en: "points are a number, an expr, or by with values", fixEn: "write for example points: \"-5\" or points: {by: fact.level, values: {branch: \"-10\"}}",
		},
		"value_misspelt": {
			zh: "%[1]q 不是该字段的取值", fixZh: "可用：%[2]s",
			en: "%[1]q is not a value of that field", fixEn: "use one of %[2]s",
		},
		"contradiction": {
			zh: "与规则 %[1]q（第 %[2]d 行）的事实、项目和条件相同，同一事会扣两次", fixZh: "请合并两条规则，或使条件互斥",
			en: "rule %[1]q on line %[2]d has the same fact, item and condition, so one thing counts twice", fixEn: "join the rules or make their conditions differ",
		},
		"cel": {
			zh: "表达式有误：%[1]s", fixZh: "可用变量：fact（事实内容）与 route（归属）；枚举写作 ComplaintLevel.BRANCH",
			en: "the expression: %[1]s", fixEn: "the variables are fact (what is so) and route (what it concerns); an enum value reads ComplaintLevel.BRANCH",
		},
		"cel_type": {
			zh: "表达式的结果是 %[1]s", fixZh: "应得到 %[2]s",
			en: "the expression yields %[1]s", fixEn: "it must yield %[2]s",
		},
		"dear": {
			zh: "表达式的计算量可达 %[1]d，上限 %[2]d", fixZh: "请去掉嵌套循环与长文本的反复拼接，或拆成几条规则",
			en: "the expression can cost %[1]d units, more than %[2]d", fixEn: "take out loops within loops and texts put together again and again, or make several rules of it",
		},
		"dear_together": {
			zh: "%[1]s 的各条规则计算量合计可达 %[2]d，上限 %[3]d", fixZh: "请减少规则或简化表达式",
			en: "all rules on %[1]s together can cost %[2]d units, more than %[3]d", fixEn: "have fewer rules or simpler expressions",
		},
	}
}
