# 走访：是否有效、计划、规则、集中走访。

## 走访为何不计入

visit-short-no-household = 没有填写走访对象，不计入入户走访；如是入户走访，请选择住户。
visit-short-no-result = 没有填写走访结果，请补填。
visit-short-not-met = 走访结果不是“见到住户”，不计入；请改日再访。
visit-short-no-times = 缺少开始或结束时间，请补填。
visit-short-too-short = 走访时长 { $found } 秒，少于规定的 { $limit } 秒；如时间填错，请更正。
visit-short-no-place = 没有定位，也没有说明原因；请填写未定位的原因。
visit-short-too-far = 走访地点距住户 { $found } 米，超过 { $limit } 米；如确有原因，请填写说明。
visit-short-back-dated = 走访后 { $found } 天才录入，超过 { $limit } 天；今后请及时录入。
visit-short-future = 走访日期晚于录入日期，请核对日期和本机时间。
visit-short-again-same-day = 该户当天已有一次有效走访，本次不重复计入。

## 需要留意的情况（仍计入）

visit-flag-mocked = 系统提示定位由模拟位置软件提供。
visit-flag-far-with-reason = 距住户 { $found } 米，已说明原因。
visit-flag-no-place-with-reason = 没有定位，已说明原因。
visit-flag-door-unknown = 该户尚未标注位置，无法核对距离。
visit-flag-vague = 定位误差达 { $found } 米。
visit-flag-entered-late = 走访后 { $found } 天录入。

## 计划

visit-pressure-overdue = 已逾期
visit-pressure-care = 关怀对象
visit-pressure-promised = 诉求与约定
visit-pressure-moved-in = 新入住
visit-pressure-campaign = 集中走访
visit-pressure-regular = 常规走访

visit-reason-overdue = { $rule }：应于 { $day } 前走访，已逾期
visit-reason-care = { $rule }：{ $day } 前走访一次
visit-reason-promise = 承诺 { $day } 前办理的事项未完成
visit-reason-recheck = { $day } 起应复查隐患
visit-reason-follow-up = 约定 { $day } 再访
visit-reason-open-demand = { $day } 走访时的诉求尚未解决
visit-reason-handed-over = { $day } 起由同事转交
visit-reason-moved-in = { $day } 新入住，尚未走访
visit-reason-campaign = 集中走访，{ $day } 截止
visit-reason-regular = { $rule }：{ $day } 前走访一次

## 规则各项的名称

visit-validity-results = 计入的走访结果
visit-validity-min-duration-s = 最短走访时长（秒）
visit-validity-max-distance-m = 距住户最远（米）
visit-validity-max-accuracy-m = 可放宽的定位误差（米）
visit-validity-max-days-late = 补录期限（天）
visit-validity-once-a-day = 同一户每天只计一次
visit-validity-moved-in-days = 新入住优先走访（天）

visit-group-all = 所有住户
visit-group-worker = 网格员本人
visit-group-tenant = 出租房
visit-group-floating = 流动人口
visit-group-care-high = 关怀等级：高风险
visit-group-care-key = 关怀等级：重点
visit-group-care-general = 关怀等级：一般
visit-unit-visit = 每户走访次数
visit-unit-household = 走访户数
visit-unit-day = 入户天数
visit-period-week = 每周
visit-period-month = 每月
visit-period-quarter = 每季度
visit-period-half-year = 每半年
visit-period-year = 每年
visit-scope-all = 全部网格
visit-scope-urban = 城市社区
visit-scope-rural = 农村
visit-scope-dedicated = 专属网格

## 规则填写错误

visit-rules-id = 第 { $place } 条规则的标识“{ $found }”为空、过长或重复；请用小写字母、数字和下划线，且不与其他规则相同。
visit-rules-name = 第 { $place } 条规则缺少中文或英文名称，请补填（不超过 60 字）。
visit-rules-group = 第 { $place } 条规则的对象“{ $found }”不存在，请从列表中选择。
visit-rules-unit = 第 { $place } 条规则的对象与计数方式不符：“网格员本人”按户数或天数计，其他对象按走访次数计。
visit-rules-count = 第 { $place } 条规则的数量应为 { $low } 至 { $high }，请修改。
visit-rules-priority = 第 { $place } 条规则的优先级应为 1 至 9，请修改。
visit-rules-too-many = 规则超过 { $high } 条，请删减。
visit-rules-figure = “{ $found }”应为 { $low } 至 { $high }，请修改。
visit-rules-result = “{ $found }”不是走访结果；请至少选择一种计入的走访结果。

## 集中走访填写错误

campaign-title = 请填写名称，不超过 60 字。
campaign-note = 说明过长，请控制在 500 字以内。
campaign-kind = 没有这种走访类型，请从列表中选择。
campaign-days = 截止日期应不早于开始日期，且不超过一年，请修改。
campaign-checks = 检查项最多 30 条，每条 1 至 100 字，请修改。
campaign-no-household = 没有选中任何住户，请调整网格或条件。
campaign-too-many = 一个网格最多 { $limit } 户，请缩小范围。

## 参考数据

reference-name = “{ $found }”不能作名称；请用小写字母、数字、下划线、点和连字符，不超过 64 个字符。
reference-too-large = 内容有 { $found } 字节，最多 { $limit } 字节，请分成几份。
reference-too-uniform = 内容重复过多，手机会拒收；请删去重复部分。
reference-json = 内容不是有效的 JSON 或不符合格式：{ $found }
reference-not-an-object = 内容应为一个 JSON 对象（用花括号括起）。
reference-unknown-key = 没有“{ $found }”这一项，请检查拼写。

## 民情图上的走访状态

visit-state-overdue = 已逾期
visit-state-due = 待访
visit-state-visited = 本月已访
visit-state-rest = 暂不需要

## 调查

survey-title = 请填写调查名称，不超过 60 字。
survey-note = 说明过长，请控制在 500 字以内。
survey-days = 截止日期应不早于开始日期，且不超过一年，请修改。
survey-questions = 请填写 1 至 20 个问题，每行一个。
survey-question = 第 { $place } 个问题为空或过长，请填写 1 至 100 字。
survey-choices = 第 { $place } 个问题的选项应为 2 至 20 个，每个 1 至 40 字，请修改。
survey-answer = 问题 { $place } 不能这样回答，请从选项中选择。
survey-satisfaction-5 = 很满意
survey-satisfaction-4 = 满意
survey-satisfaction-3 = 一般
survey-satisfaction-2 = 不满意
survey-satisfaction-1 = 很不满意

quiz-who-lives = { $about }住的是哪一位（户主或联系人）？
quiz-tenants = { $about }有几户是租房户？
quiz-care-group = 本网格有下面哪一类关怀对象？
quiz-care-households = 本网格有几户属于“{ $about }”？
