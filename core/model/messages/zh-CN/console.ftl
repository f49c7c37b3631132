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
console-incident-source = 来源
console-all-sources = 全部来源
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

## 隐患

hazard-state-open = 未整改
hazard-state-fixed = 待复查
hazard-state-closed = 已销号
console-hazards-title = 隐患处理
console-hazards-lead = 发现的隐患可上报为事件；整改后须复查，确认整改的才算销号。
console-hazard = 隐患
console-hazard-state = 进展
console-hazard-incident = 事件
console-hazard-due = 应复查日期
console-hazard-is-due = 该复查了
console-hazard-act = 操作
console-hazard-report = 上报为事件
console-hazard-recheck = 登记复查
console-hazard-recheck-result = 复查结果
console-hazard-recheck-on = 复查日期（不填为今天）
console-hazard-recheck-button = 保存复查
console-hazard-reported-notice = 已上报为事件。
console-hazard-known-notice = 这处隐患此前已上报，没有重复上报。
console-hazard-checked-notice = 已登记复查。
console-hazard-unfit = 没有登记：请选择复查结果，复查日期不能晚于今天。

## 受限随访

console-nav-follow-up-marks = 受限随访
console-follow-up-title = 受限随访
console-follow-up-lead = 指定专人上门随访。只有被指定的网格员和下达人看得到，不进入档案、列表、搜索、导出和手机；每次查看都记入审计。
console-follow-up-none = 没有指定给您或由您下达的随访。
console-follow-up-one = 受限随访
console-follow-up-sealed = 只有被指定的网格员和下达人能看到本页；这次查看已记入审计。
console-follow-up-new = 下达受限随访
console-follow-up-new-lead = 只写走访要求和法律依据，不写原因；到期自动删除。
console-follow-up-member = 随访对象
console-follow-up-household = 整户
console-follow-up-assignee = 指定网格员
console-follow-up-choose = 请选择
console-follow-up-officer = 下达人
console-follow-up-rule = 要求
console-follow-up-rule-is = { $period } { $count } 次
console-follow-up-period = 周期
console-follow-up-count = 每个周期次数
console-follow-up-made = 本期已走访
console-follow-up-not-visited = 本期尚未走访
console-follow-up-met = 已达到
console-follow-up-not-met = 未达到
console-follow-up-ends-on = 截止
console-follow-up-basis = 法律依据
console-follow-up-note = 说明
console-follow-up-note-help = 只有指定网格员和您看得到。不要写违法犯罪、健康、宗教、民族等信息。
console-follow-up-order = 下达
console-follow-up-ordered-notice = 已下达，指定网格员登录管理页面即可看到。
console-follow-up-end = 结束随访
console-follow-up-end-confirm = 结束后立即删除，不能恢复。
console-follow-up-end-button = 结束并删除
console-follow-up-ended-notice = 随访已结束并删除。
console-follow-up-counts = 各网格数量
console-follow-up-counts-lead = 只有数量，不含对象和内容。
console-follow-up-counts-none = 您考评的网格没有受限随访。
console-follow-up-marks = 随访数
follow-up-mark-basis = 请填写法律依据，2 至 200 字。
follow-up-mark-note = 说明过长，请控制在 500 字以内。
follow-up-mark-days = 截止日期应不早于开始日期和今天，且不超过一年，请修改。
follow-up-mark-count = 请选择周期，每个周期 1 至 31 次。
follow-up-mark-assignee = 请从列表中指定一名在该网格工作的网格员。

## 调查

console-nav-surveys = 调查
console-export = 导出
console-surveys-title = 服务需求与满意度调查
console-surveys-lead = 走访时按问卷询问；结果只按人数统计，不显示是谁填的。
console-surveys-none = 没有调查。
console-survey-new = 新建调查
console-survey-new-lead = 发布后，范围内网格的手机同步时收到问卷，走访时填写。
console-survey-title = 调查名称
console-survey-node = 调查范围
console-survey-node-missing = 请选择调查范围，须是您可以发布的地方。
console-survey-questions = 问题
console-survey-questions-help = 每行一个问题，选项用竖线隔开，例如“需要助餐吗｜需要｜不需要”。不写选项的按满意度五档作答；行首加 * 的可多选。不要询问违法犯罪、健康、宗教、民族等情况。
console-survey-note = 询问时的说明
console-survey-make = 发布
console-survey-made-notice = 已发布，手机同步后即可填写。
console-survey-question = 问题
console-survey-answer = 答案
console-survey-chosen = 选择人数
console-survey-sheets = 问卷数
console-survey-too-few = 问卷不足 5 份，暂不显示结果，以免看出是谁填的。
console-survey-counted = 以下为 { $counted } 份问卷的结果（共 { $sheets } 份）；问卷不足 5 份的网格未计入。
console-survey-by-grid = 各网格问卷数
console-survey-close = 结束调查
console-survey-close-confirm = 结束后手机不再询问，已有结果保留。
console-survey-close-button = 结束
console-survey-closed-notice = 调查已结束。

## 上报情况、考核指标、排查登记

console-nav-work = 上报
console-nav-figures = 考核
console-nav-screenings = 排查登记
console-work-title = 上报情况
console-work-of-day = { $day } 上报情况
console-work-period = 汇总
console-work-day = 每日
console-work-week = 每周
console-work-month = 每月
console-work-on = 日期
console-work-show = 查看
console-work-none = 没有可以查看的网格。
console-work-silent-count = { $count } 名网格员没有上报，请了解情况。
console-work-silent = 未上报
console-work-other = 非本网格人员
console-work-handed-in = 各网格上报
console-work-person = 人员
console-work-days = 上报天数
console-work-last-seen = 手机最近联系
console-work-never = 从未联系
console-matters-title = 汇总与未办结事项
console-matters-lead = 供工作例会、民情通报会使用，可打印。
console-matters-visited = 已访户（覆盖率）
console-matters-demands = 未解决诉求
console-matters-overdue = 逾期未回访、未兑现
console-matters-hazards-found = 新发现隐患
console-matters-hazards-open = 未销号隐患
console-matters-rechecks = 应复查隐患
console-matters-opinions = 群众意见
console-matters-category = 类别
console-matters-heard = 听取
console-matters-settled = 办结
console-figures-title = 考核指标
console-figures-lead = 走访部分：每人每月走访户数、入户天数、逾期未回访；点数字看明细。
console-figures-month = 月份
console-figures-none = 没有可以查看的网格。
console-figures-households = 有效走访户数
console-figures-days = 入户天数
console-figures-visits = 有效走访
console-figures-not-counted = 不计入
console-figures-overdue = 逾期未回访、未兑现
console-figures-lacks = 不足
console-figures-coverage = { $households } 户，本月覆盖率 { $percent }%
console-screenings-title = 排查登记
console-screenings-lead = 走访、隐患、事件统一登记，可按网格和日期查看、导出。
console-screenings-none = 这些日期没有登记。
console-screening-what = 类型
console-screening-all = 全部
console-screening-visit = 走访
console-screening-hazard = 隐患
console-screening-incident = 事件
console-screening-from = 从
console-screening-to = 到
console-screening-day = 日期
console-screening-title = 对象
console-screening-class = 类别
console-screening-state = 结果

## 预编人员调用

console-nav-call-outs = 预编调用
console-call-outs-title = 预编人员调用
console-call-outs-lead = 预编人员平时没有权限；调用期间按预编的网格和角色临时取得权限，到期自动收回。
console-call-outs-none = 没有调用记录。
console-call-out-new = 调用预编人员
console-call-out-node = 调用范围
console-call-out-node-missing = 请选择调用范围，须是您管理的地方。
console-call-out-days = 开始日期不早于今天，截止日期不早于开始日期，最长 90 天，请修改。
console-call-out-reason = 事由
console-call-out-reason-missing = 请填写事由，2 至 200 字。
console-call-out-order = 调用
console-call-out-called-notice = 已调用。预编人员的手机下次同步后即可使用所属网格。
console-call-out-people = 预编人员
console-call-out-nobody = 该范围没有预编人员
console-call-out-by = 调用人
console-call-out-end = 提前结束
console-call-out-ended-notice = 已结束，临时权限已收回。
console-call-out-on = 调用中
console-call-out-coming = 未开始
console-call-out-over = 已结束

## 条线任务

task-state-filed = 待准入
task-state-admitted = 已准入
task-state-refused = 不予准入
task-title = 请填写任务名称，不超过 60 字。
task-note = 说明过长，请控制在 500 字以内。
task-kind = 没有这种走访类型，请从列表中选择。
task-days = 截止日期应不早于开始日期和今天，且不超过一年，请修改。
task-basis = 请填写准入依据，2 至 200 字。
task-place = 请选择任务范围，须是您可以提出任务的地方。
task-reason = 请填写不予准入的理由，2 至 200 字。
task-nobody = 该范围没有住户，无法下达，请与提出部门核对范围。
task-too-many = 该范围住户过多，请提出部门分范围提出。
console-nav-tasks = 条线任务
console-tasks-title = 条线任务
console-tasks-lead = 部门提出任务，县级中心准入后下达到网格，作为集中走访进入网格员计划并统计完成情况。
console-tasks-none = 没有条线任务。
console-task-new = 提出任务
console-task-node = 任务范围
console-task-basis = 准入依据
console-task-file = 提交
console-task-filed = 提出
console-task-decided-by = 审核人
console-task-reason = 不予准入的理由
console-task-admit = 准入并下达
console-task-refuse = 不予准入
console-task-refuse-button = 确认不予准入
console-task-filed-notice = 已提交，等待县级中心准入。
console-task-admitted-notice = 已准入，网格员的手机同步后列入计划。
console-task-refused-notice = 已记为不予准入。
console-task-decided-notice = 此前已有人审核，结果未变。
