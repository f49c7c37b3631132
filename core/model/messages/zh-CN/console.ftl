# 管理端页面的文字。

## 各页共用

console-product = 网格
console-product-long = 信息采集与协同平台
console-skip = 跳到正文
console-nav = 主导航
console-nav-home = 总览
console-nav-households = 住户
console-nav-places = 场所
console-nav-visits = 走访
console-nav-incidents = 事件
console-nav-conflicts = 待确认
console-nav-devices = 设备
console-nav-review = 审核
console-nav-quarantine = 隔离区
console-tools = 显示设置
console-language-other = English
console-type-large = 大字
console-type-normal = 标准字
console-sign-out = 退出登录
console-signed-in-as = 当前登录：{ $name }
console-footer = 本平台记录每一次查看完整证件号码和电话的操作。
console-label = { $name }：
console-not-recorded = 未填写
console-unknown-person = 未知人员
console-server = 服务器
console-yes = 是
console-no = 否
console-search = 查询
console-reset = 清除条件
console-keyword = 关键字
console-grid = 网格
console-in-grid = 所在网格：{ $name }
console-all-grids = 全部网格
console-total = 共 { $count } 条
console-page-of = 第 { $page } 页，共 { $pages } 页
console-pager = 翻页
console-previous = 上一页
console-next = 下一页
console-back = 返回
console-actions = 操作
console-back-home = 返回总览

## 登录

console-sign-in-title = 登录
console-username = 用户名
console-password = 密码
console-sign-in-button = 登录
console-sign-in-help = 账号由本单位管理员开通。忘记密码请联系管理员重设。
console-sign-in-error-wrong = 用户名或密码不对。
console-sign-in-error-wait = 尝试次数太多，请 { $seconds } 秒后再试。
console-sign-in-error-locked = 这个账号连续输错次数太多，已停止登录。请联系管理员重设密码。
console-sign-in-error-form = 页面停留太久，请重新登录。
console-signed-out = 您已退出登录。
console-session-expired = 登录已过期（30 分钟没有操作），请重新登录。

## 总览

console-home-title = 总览
console-home-empty = 您名下还没有网格。请联系管理员分配网格。
console-home-by-grid = 各网格情况
console-households = 住户
console-visits = 走访
console-incidents = 事件
console-places = 场所
console-conflicts = 待确认
console-reviews = 待审核
console-quarantined = 隔离
console-last-sync = 最近同步
console-never = 从未
console-home-conflicts-help = 两个人同时改了同一项，需要有人选定一个
console-home-review-help = 网格变动后才送达的修改
console-home-quarantine-help = 服务器没有采用、已原样保留的内容
console-grid-code = 网格编码

## 住户

console-households-title = 住户
console-households-search-help = 地址、姓名、电话或备注
console-household-none = 没有符合条件的住户。
console-places-title = 场所
console-places-search-help = 名称、地址、联系人、电话或统一社会信用代码
console-place-none = 没有符合条件的场所。
console-place-name = 名称
console-place-kind = 类别
console-place-state = 经营状态
console-visited = 走访对象
console-name-missing = （未填名称）
console-address = 地址
console-contact = 联系人
console-phone = 电话
console-ledger = 台账类别
console-member-count = 在户人数
console-edited-at = 最近修改
console-conflict-badge = { $count } 项待确认
console-only-conflicts = 只看待确认的
console-address-missing = （未填写地址）

## 走访与事件

console-visits-title = 走访
console-visits-search-help = 见到谁、民情日记
console-visit-none = 没有符合条件的走访。
console-visit-kind = 走访类型
console-visit-result = 走访结果
console-person-met = 见到谁
console-household = 住户
console-started-at = 开始时间
console-incidents-title = 事件
console-incidents-search-help = 标题、地点、编号或情况描述
console-incident-none = 没有符合条件的事件。
console-incident-title = 标题
console-incident-number = 编号
console-urgency = 紧急程度
console-case-state = 办理状态
console-occurred-at = 发生时间
console-title-missing = （未填写标题）

## 待确认的记录

console-conflicts-page-title = 待确认
console-conflicts-page-lead = 两个人在互不知情时改了同一项的记录。请打开核实并选定一个。
console-conflicts-none = 没有需要确认的内容。
console-record-title = 记录
console-record-kind = 类型

## 一份记录

console-group-main = 基本情况
console-group-address = 地址
console-group-contact = 联系方式
console-group-dwelling = 房屋
console-group-handover = 转交走访
console-group-point = 位置（WGS-84）
console-group-case = 办理
console-group-checks = 检查项
console-group-other = 其他（较新版本填写）
console-group-extra = 附加采集项
console-problems-title = 待核实
console-problems-lead = 按采集清单应填未填，或前后不一致的内容。
console-group-members = 家庭成员
console-group-labels = 关怀标签
console-group-links = 联系服务
console-group-hazards = 隐患
console-group-opinions = 意见
console-group-promises = 承诺
console-group-photos = 照片
console-group-parties = 当事人
console-group-empty = 没有内容。
console-left = 已离开
console-field-conflicted = 待确认
console-show = 显示
console-show-help = 显示完整内容会记录您的姓名、时间和理由。
console-show-reason = 查看理由
console-show-reason-hint = 如：核实身份、电话回访
console-show-button = 记录并显示
console-show-reason-missing = 请填写查看理由（2 至 100 个字）。
console-shown-notice = 已显示「{ $field }」的完整内容，并记入查看日志。刷新或离开本页后恢复隐藏。
console-record-facts = 记录信息
console-record-id = 记录编号
console-related-visits = 走访记录
console-related-incidents = 相关事件
console-related-none = 还没有。
console-download-automerge = 下载 Automerge 文件
console-conflicts-title = 待确认的内容
console-conflicts-lead = 下面的项目有两个人在互不知情时做了不同修改，两个值都已保留。请核实后选定一个，结果会同步到所有手机。
console-conflict-choose = 选定
console-conflict-shown-now = 现在显示的
console-conflict-cleared = （清空）
console-conflict-time = 填写时间（手机时间）
console-conflict-settled = 已选定「{ $field }」，手机下次同步时会更新。
console-conflict-gone = 「{ $field }」刚才已有人选定或又有新的修改，请再看一下现在的内容。
console-conflict-cannot-settle = 没有保存：{ $reason }
console-conflict-server-owned = 这一项由服务器填写，不能在这里选定。
console-history-title = 修改历史
console-history-lead = 人员和设备由服务器核实；上面是手机时间，下面小字是服务器收到的时间。
console-history-none = 还没有修改。
console-history-when = 时间
console-history-who = 人员
console-history-device = 设备
console-history-what = 修改内容
console-history-received = 收到：{ $time }
console-history-more = 另有 { $count } 项
console-history-cleared = 清空
console-history-console = 管理端

## 设备

console-devices-title = 设备
console-devices-lead = 已登记的手机。手机遗失或人员离岗时请停用：停用后不能再同步，也不能再登录。
console-devices-none = 还没有登记的设备。管理员可用命令行发放登记码。
console-device-name = 设备
console-device-person = 使用人
console-device-enrolled = 登记时间
console-device-last-seen = 最近同步
console-device-app-version = 应用版本
console-device-state = 状态
console-device-active = 使用中
console-device-revoked = 已停用
console-device-revoke = 停用
console-device-revoke-confirm = 停用后，「{ $name }」立即不能同步，尚未上传的内容仍留在手机里。确定停用吗？
console-device-revoke-button = 确定停用
console-device-revoked-notice = 已停用「{ $name }」。

## 隔离区

console-quarantine-title = 隔离区
console-quarantine-lead = 服务器没有采用的内容都原样保留在这里，不会丢失。请看原因并处理，处理后标记为已看。
console-quarantine-none = 隔离区是空的。
console-quarantine-reason = 原因
console-quarantine-from = 来自
console-quarantine-received = 收到时间
console-quarantine-state = 状态
console-quarantine-new = 未看
console-quarantine-seen = 已看
console-quarantine-seen-by = { $name } 于 { $time } 标记为已看
console-quarantine-item-title = 隔离内容
console-quarantine-kind = 记录类型
console-quarantine-record = 所属记录
console-quarantine-code = 原因代码
console-quarantine-detail = 说明
console-quarantine-hash = 改动标识
console-quarantine-size = 大小
console-quarantine-bytes = { $count } 字节
console-quarantine-download = 下载原始内容
console-quarantine-mark-seen = 标记为已看
console-quarantine-marked = 已标记为已看。
console-quarantine-accept = 采用
console-quarantine-accepted = 已采用
console-quarantine-refused = 仍与记录不符，未作任何更改。
console-quarantine-no-record = 服务器上没有这份记录

## 出错页

console-error-not-found-title = 没有找到
console-error-not-found = 没有这个页面或记录，也可能不在您的管辖范围内。请检查地址，或从总览重新进入。
console-error-forbidden-title = 没有权限
console-error-forbidden = 您的岗位不能做这项操作。需要的话请联系管理员。
console-error-forgery-title = 请求没有被采用
console-error-forgery = 无法确认这次提交来自本页面，没有改动任何内容。请返回上一页刷新后重试。
console-error-bad-request-title = 提交的内容有误
console-error-bad-request = 服务器看不懂这次提交，没有改动任何内容。请返回上一页重试。
console-error-too-large-title = 提交的内容太大
console-error-too-large = 没有改动任何内容。请减少内容后重试。
console-error-busy-title = 服务器正忙
console-error-busy = 没有改动任何内容。请稍等几秒再试。
console-error-internal-title = 服务器出错
console-error-internal = 没有改动任何内容，请稍后再试。仍不行，请把下面的编号告诉管理员。
console-error-reference = 编号：{ $id }

## 审核箱

console-review-title = 待审核的迟到修改
console-review-lead = 记录转到别的网格，或人员不再负责原网格之后才送达的修改。它们没有合并，也没有丢弃，等您决定。
console-review-none = 没有等待审核的修改。
console-review-item-title = 审核迟到的修改
console-review-waiting = 待审核
console-review-record = 记录
console-review-new-record = （新记录）
console-review-kind = 记录类型
console-review-from = 来自
console-review-received = 收到时间
console-review-changes = 改动数
console-review-other-grid = 不在您范围内的网格
console-review-open-record = 打开记录
console-review-fields = 将改动的内容
console-review-fields-lead = 采用后，别人同时填写的值不会被覆盖，会列为冲突。
console-review-field = 项目
console-review-now = 现在
console-review-late = 迟到的修改
console-review-decide = 决定
console-review-decide-lead = 结果会在作者的手机下次同步时告知。
console-review-accept = 采用，写入记录
console-review-refuse = 不采用
console-review-reason = 不采用的原因（作者会看到）
console-review-reason-missing = 请写明不采用的原因，作者会看到。
console-review-unfit = 这些修改与现在的记录不符，无法采用。可以不采用并写明原因。
console-review-accepted = 已采用，作者的手机下次同步时得知。
console-review-refused = 已记录为不采用，作者的手机下次同步时得知原因。
console-review-not-yours = 这份记录不在您的范围内，由它所在网格的负责人决定。

## 走访覆盖率

console-nav-coverage = 覆盖率
console-nav-campaigns = 集中走访
console-nav-rules = 走访规则
console-share = { $count }（{ $percent }%）
console-visits-behind = 最近送达的走访正在统计，片刻后刷新即可看到。
console-coverage-title = 走访覆盖率
console-coverage-lead = 各网格在所选月份、该月所在季度和年度内，有过有效走访的住户数及占比。
console-coverage-month = 月份
console-coverage-none = 您名下还没有可统计的网格。
console-coverage-in-month = 本月已访
console-coverage-in-quarter = 本季已访
console-coverage-in-year = 本年已访
console-coverage-sum = 合计

## 集中走访

console-campaigns-title = 集中走访
console-campaigns-lead = 由主管指定一批住户，要求在截止日期前走访。手机在下次同步时收到，并排进当天的走访计划。
console-campaigns-none = 还没有集中走访。
console-campaign-new = 发起集中走访
console-campaign-new-lead = 先写明走访内容，再选择住户。发布前可先查看符合条件的户数。
console-campaign-what = 走访内容
console-campaign-whom = 走访对象
console-campaign-whom-lead = 只包括您有权安排走访的网格内的住户；名单在发布时确定，以后新登记的住户不自动加入。
console-campaign-title = 名称
console-campaign-kind = 走访类型
console-campaign-days = 起止日期
console-campaign-from-to = { $from } 至 { $to }
console-campaign-starts-on = 开始日期
console-campaign-ends-on = 截止日期
console-campaign-note = 说明
console-campaign-checks = 检查项
console-campaign-checks-help = 每行一项，最多 30 项。
console-campaign-node = 范围
console-campaign-node-all = 您名下全部网格
console-campaign-ledger = 台账类别
console-campaign-ledger-all = 全部
console-campaign-unvisited = 尚未走访
console-campaign-unvisited-all = 不限
console-campaign-unvisited-month = 本月未访的
console-campaign-unvisited-quarter = 本季未访的
console-campaign-unvisited-year = 本年未访的
console-campaign-make = 发布
console-campaign-count = 查看户数
console-campaign-counted = 符合条件的住户共 { $count } 户。
console-campaign-made-notice = 已发布，共 { $count } 户。手机下次同步时收到。
console-campaign-state = 状态
console-campaign-open = 进行中
console-campaign-coming = 未开始
console-campaign-over = 已到期
console-campaign-closed = 已结束
console-campaign-by = 发起人
console-campaign-done = 已完成
console-campaign-left = 未完成
console-campaign-by-grid = 各网格进度
console-campaign-close = 结束这次集中走访
console-campaign-close-confirm = 结束后手机不再提示这些住户，已有的统计保留。结束后不能恢复。
console-campaign-close-button = 结束
console-campaign-closed-notice = 已结束。手机下次同步时不再提示。

## 走访规则

console-rules-title = 走访规则
console-rules-lead = 走访频次和有效走访的标准。某地没有自己的规则时，用最近上级的；都没有时，用内置的。
console-rules-place = 适用范围
console-rules-open = 查看
console-rules-none = 您名下没有单独发布的规则，各地使用内置规则或上级规则。
console-rules-edition = 第几版
console-rules-by = 发布人
console-rules-by-command = 命令行
console-rules-at = 发布时间
console-rules-own = 本地规则
console-rules-above = 沿用上级：{ $name }
console-rules-built-in = 内置规则
console-rules-edit-lead = 修改后点“发布”，手机下次同步时生效，以往走访按新标准重新统计。
console-rules-read-lead = 您可以查看；修改由县级平台或管理员办理。
console-rules-validity = 有效走访的标准
console-rules-validity-lead = 不符合标准的走访照样保存，只是不计入。
console-rules-how-often = 走访频次
console-rules-how-often-lead = 点开一条可修改。要新增，请填写最后几条空白的。
console-rules-new-rule = 新增一条
console-rules-inactive = 停用
console-rules-zh = 中文名称
console-rules-en = 英文名称
console-rules-id = 标识（小写字母、数字、下划线）
console-rules-group = 对象
console-rules-unit = 计数方式
console-rules-period = 周期
console-rules-count = 数量
console-rules-scope = 网格类型
console-rules-priority = 优先级（1 最先）
console-rules-source = 依据
console-rules-active = 启用
console-rules-remove = 删除这一条
console-rules-publish = 发布
console-rules-withdraw = 撤回本地规则
console-rules-withdraw-confirm = 撤回后改用上级或内置的规则。各版内容仍保留，可由命令行查看。
console-rules-withdraw-button = 撤回
console-rules-editions = 历次版本
console-rules-published-notice = 已发布。手机下次同步时生效，走访正在按新标准重新统计。
console-rules-withdrawn-notice = 已撤回，改用上级或内置的规则。
console-rules-same-notice = 内容没有变化，未产生新版本。
console-rules-changed-meanwhile = 您填写期间，别人已发布新的一版。请核对后重新填写并发布。
console-rules-newer = 这份规则由较新的版本发布，其中有本服务器不认识的内容，不能在此修改；请先升级服务器。
console-rules-number = “{ $what }”应填整数，请修改。
console-rules-rule-number = 第 { $place } 条规则的“{ $what }”填写有误，请修改。

console-nav-cases = 事件办理
console-cases-title = 事件办理
console-cases-queue = 队列
console-cases-queue-community = 社区受理台
console-cases-queue-street = 街道受理台
console-cases-queue-county = 区县受理台
console-cases-queue-units = 本单位承办
console-cases-queue-all = 全部
console-cases-open = 未办结
console-cases-any-light = 不限
console-cases-none = 没有符合条件的事件。
console-cases-more = 只统计到 { $count } 件，请缩小范围。
console-case-light = 亮牌
console-case-class = 事件分类
console-case-class-help = 编码开头，如 40
console-case-level = 负责层级
console-case-done = 已办理：{ $verb }。
console-case-pending = 待答复
console-case-accepted = 已采纳
console-case-by-system = 系统自动
console-case-clock-stopped = 计时暂停中
console-case-open-record = 查看记录
console-case-act = 办理
console-case-act-none = 您现在没有可办理的事项。
console-case-unit = 单位
console-case-unit-more = 其他单位（可不选）
console-case-choose = 请选择
console-case-joint = 协同单位
console-case-into = 合并到哪件事件（编号）
console-case-days = 工作日数
console-case-stars = 星级
console-case-card = 督办牌
console-case-agreed = 是否同意
console-case-yes = 同意
console-case-no = 不同意
console-case-text = 说明
console-case-others = 不能办理的事项及原因
console-case-timeline = 办理过程
console-case-timeline-none = 还没有办理记录。
console-case-when = 时间
console-case-what = 事项
console-case-who = 办理人
console-case-about = 单位
console-case-said = 说明
console-case-then = 之后状态
console-case-requests = 手机提出的申请
console-case-outcome = 答复
