## 首问跟踪（首问责任、跟踪问效）

console-nav-first-asked = 首问跟踪
console-first-asked-title = 首问跟踪
console-first-asked-lead = 群众最先问到谁，谁就跟踪到底：本人上报的，以及居民和热线反映、由本人最先受理的事件。事件流转到哪里，首问责任人都不变；问错了人的，由受理台写明理由更正。
console-first-asked-of = { $name }首问的事件
console-first-asked-none = 没有首问的事件。
console-first-asked-holder = 现在由谁办理
console-first-asked-told = 已反馈
console-first-asked-people = 各首问责任人
console-first-asked-people-lead = 最近 { $days } 天内收到的事件。
console-first-asked-total = 首问
console-first-asked-open = 未办结
console-first-asked-overdue = 超时
console-first-asked-untold = 已办理、未反馈

## 值班表和四率（坐班制转值班制）

duty-rate-recognition = 居民认识率
duty-rate-recognition-part = 认识网格员的居民
duty-rate-recognition-whole = 问到的居民
duty-rate-solved = 问题解决率
duty-rate-solved-part = 已办结
duty-rate-solved-whole = 已立案
duty-rate-satisfaction = 群众满意率
duty-rate-satisfaction-part = 表示满意的居民
duty-rate-satisfaction-whole = 问到的居民
duty-rate-premises = 阵地利用率
duty-rate-premises-part = 实际使用场次
duty-rate-premises-whole = 可用场次

duty-error-times = 请按“08:30”的样子填写起止时间，两个时间不能相同。
duty-error-day = 值班日期应为今天或以后一年之内，请重新选择。
duty-error-note = 备注最多 60 个字，不能有特殊字符。
duty-error-place = 没有这个单位，或不由您安排值班。请重新选择。
duty-error-person = 您的辖区内没有这个人在岗。请重新选择值班人员。
duty-error-taken = 此人这段时间已经安排了值班。请换人或调整时间。
duty-error-rate = 请选择一个需要登记的率；问题解决率由系统按事件计算。
duty-error-count = 请填写数目：总数至少为 1，其中的数目不能超过总数。
duty-error-count-day = 登记日期应为今天或以前一年之内，请重新选择。

console-nav-duty = 值班表
console-duty-title = 值班表
console-duty-lead = 社区由坐班改为轮流值班：谁在哪里、什么时间值班。手机和接口能查到本人的值班。
console-duty-none = 这几天没有安排值班。
console-duty-place = 值班地点
console-duty-person = 值班人员
console-duty-day = 日期
console-duty-from = 从
console-duty-until = 到
console-duty-note = 备注
console-duty-now = 正在值班
console-duty-plan = 安排值班
console-duty-plan-button = 安排
console-duty-cancel = 取消这次值班
console-duty-planned-by = 安排人
console-duty-planned-notice = 已安排值班。
console-duty-week-after = 下一周
console-duty-week-before = 上一周
console-duty-cancelled-notice = 已取消值班。
console-duty-week = 一周
console-duty-print-help = 打印本页即为值班表。
console-duty-rates = 四率
console-duty-rates-lead = { $from } 至 { $to }。问题解决率按立案的事件计算；其余三率只按登记的数目计算，没有登记就没有数据。
console-duty-no-data = 无数据
console-duty-count = 登记四率
console-duty-count-help = 回访、抽查或清点以后登记：问了多少，其中多少。不记录居民姓名。
console-duty-count-rate = 哪个率
console-duty-count-part = 其中
console-duty-count-whole = 总数
console-duty-count-note = 怎样得来的
console-duty-count-button = 登记
console-duty-counted-notice = 已登记。
console-duty-withdrawn-notice = 已撤销登记。
console-duty-counts = 登记的数目
console-duty-counted-by = 登记人
console-duty-withdraw = 撤销

## 周例会、双周研判

console-study-title = 事件研判：{ $place }
console-study-before = 上期
console-study-now = 本期
console-study-change = 增减
console-study-none = 两期都没有立案的事件。
console-study-repeated = 同一住户或场所同类事件 { $count } 件以上

## 在岗一览（可视化大屏、人员分布）

console-nav-on-duty = 在岗一览
console-on-duty-title = 在岗一览
console-on-duty-lead = 谁正在值班，以及网格员今天最后一次上报时的大致位置（约一百米）。位置只来自走访和事件上报，不跟踪任何人，过了当天就删除。
console-on-duty-screen = 大屏（每分钟刷新）
console-on-duty-page = 退出大屏
console-on-duty-map = 网格和人员分布图
console-on-duty-no-map = 还没有网格边界，也没有人今天上报过位置。
console-on-duty-nobody = 现在没有人值班。
console-on-duty-seen = 今天上报过位置
console-on-duty-seen-lead = 此后在哪里，系统不知道。
console-on-duty-quiet = 无人值班、今天也没有上报的网格
console-on-duty-at = 时间
console-on-duty-by = 来自
console-on-duty-grids = 各网格
console-on-duty-assigned = 在编人员
