# 同步与服务器的提示。每条说明出了什么事、数据是否安全、接下来怎么做。

## 整个请求被拒绝（problem-代码）

problem-bad-request = 服务器看不懂这次请求，数据仍在手机里。请更新应用后重试；仍不行请联系管理员。
problem-session-required = 登录已过期，应用会自动重新登录。
problem-bad-signature = 设备签名不对，无法确认是这部手机。请联系管理员重新登记设备；数据仍在手机里。
problem-enrolment-code-invalid = 登记码不对或已经用过。请向管理员要一个新的登记码。
problem-enrolment-code-expired = 登记码已过期（15 分钟内有效）。请向管理员要一个新的登记码。
problem-device-revoked = 这部手机已被停用。未发送的数据仍在手机里，请联系管理员。
problem-device-unknown = 服务器不认识这部手机。请联系管理员重新登记；未发送的数据仍在手机里。
problem-person-inactive = 您的账号未启用。请联系管理员；未发送的数据仍在手机里。
problem-out-of-scope = 这个网格不归您管。如果刚调整过分工，请重新同步；仍不行请联系管理员。
problem-manifest-signature-invalid = 上传内容的签名不对，没有收下，也没有改动任何数据。请重试；仍不行请联系管理员。
problem-manifest-items-mismatch = 上传内容与签名不一致，没有收下。请重试，应用会重新打包。
problem-manifest-device-mismatch = 上传内容是另一部手机签的名，没有收下。请联系管理员。
problem-manifest-replayed = 这个上传编号已经用过，内容却不同。可能有人复制了手机数据，应用会换新编号重新上传。
problem-server-epoch-changed = 服务器恢复过备份，应用会重新核对并补发数据，请稍候。
problem-protocol-unsupported = 应用版本太旧或太新，服务器不支持。请更新应用；未发送的数据仍在手机里。
problem-body-too-large = 一次上传的内容太大。应用会分批上传；仍不行请联系管理员。
problem-too-many-items = 一次上传的条数太多。应用会分批上传；仍不行请联系管理员。
problem-not-found = 没有这个地址或记录。请检查服务器地址；记录可能已被移走。
problem-too-many-requests = 尝试次数太多，请稍等几分钟再试。
problem-unavailable = 服务器忙或正在重启，应用稍后会自动重试，数据仍在手机里。
problem-quarantine-full = 本机被隔离的修改过多，服务器没有再接收。数据仍在手机上，请联系管理员处理隔离内容。
problem-internal = 服务器出错，没有改动任何数据。应用会自动重试；仍不行请把时间告诉管理员。

## 单条内容被隔离（quarantine-代码）

quarantine-too-large = 这条改动太大，服务器没有采用，已原样保留。请把内容分成几次填写。
quarantine-not-a-change = 这条内容不是一次正常的改动，已原样保留，请管理员查看。
quarantine-hash-mismatch = 这条内容在路上损坏了，已原样保留。手机会重新发送。
quarantine-too-many-ops = 这条改动包含的操作太多，已原样保留，请管理员查看。
quarantine-malformed = 这条内容已损坏，无法读取，已原样保留，请管理员查看。
quarantine-other-actor = 这条改动不是这部手机做的，没有采用，已原样保留，请管理员查看。
quarantine-seq-gap = 这条改动之前还有改动没有送到，已原样保留。手机会补发。
quarantine-actor-fork = 同一编号有两条不同的改动，可能是手机数据被复制过。两边的内容都已保留。
quarantine-missing-deps = 这条改动依据的内容服务器还没有收到，已原样保留。手机会补发。
quarantine-op-numbers = 这条改动的编号不正常，没有采用，已原样保留，请管理员查看。
quarantine-structure = 这条改动会破坏记录的结构，没有采用，已原样保留，请管理员查看。
quarantine-authority = 这一项只能由服务器填写，没有采用，已原样保留。请走办理流程提出申请。
quarantine-request = 办理申请提交后不能修改，也要一次填完整。没有采用，已原样保留；请另提一份申请。
quarantine-field = 有一项内容不符合要求，没有采用，已原样保留。请改正后重新保存。
quarantine-record-full = 这份记录的修改历史太长，没有采用，已原样保留。请联系管理员另建新档。
quarantine-out-of-scope = 这份记录不在您的网格里，您的修改已送达，等网格长或社区审核采用。
quarantine-under-review = 这份记录已转到别的网格，或您已不负责原来的网格。您的修改已送达，正等待审核，不会丢失。
quarantine-review-refused = 您的修改经审核没有采用，原因见说明。原内容仍在手机上，可以撤回或另行处理。
quarantine-erased = 这份记录已依法删除，手机里的副本也会删除。
quarantine-stale-record-epoch = 这份记录已经重建，请在新的内容上重新修改；原改动已保留。

## 单项内容不合格（field-代码）

field-unknown = 没有这一项。请更新应用。
field-wrong-type = 内容的类型不对，请重新填写。
field-too-long = 内容太长，最多 { $max } 个字，请删减。
field-bad-characters = 内容里有不能显示的字符，请删除后重新输入。
field-not-a-choice = 请从列表中选择一项。
field-out-of-range = 数值应在 { $min } 到 { $max } 之间。
field-not-a-date = 日期不对，请按“年-月-日”填写，例如 2026-03-01。
field-not-a-phone-number = 电话号码不对。手机号为 11 位数字；座机请带区号。
field-not-a-citizen-id = 身份证号码不对，请对照证件检查每一位。
field-not-a-number = 这不是有效的数字，请重新填写。
field-not-a-record-id = 没有这份记录，请重新选择。
field-not-a-credit-code = 统一社会信用代码不对，请对照营业执照检查 18 位代码。
field-not-a-permit-number = 证件号码不对，请对照证件检查字母和数字。
field-not-a-code = 编码只能有字母、数字和连字符，请检查后重新填写。
field-not-a-sha256 = 照片标识不对，请重新拍照。
field-server-owned = 这一项由服务器填写，不能直接修改。

## 同步没有完成（sync-代码）

sync-not-enrolled = 这部手机还没有登记。请扫描管理员给的登记二维码。
sync-busy = 正在同步，请稍候。
sync-cancelled = 同步已停止。没有送达的内容仍在手机里，下次同步会继续。
sync-offline = 连不上服务器。数据仍在手机里，有网络时会再次同步。
sync-address-refused = 服务器地址不能使用：必须是带证书指纹的 https 地址。请向管理员要新的登记二维码。
sync-other-certificate = 服务器的证书与登记时不同，可能有人冒充服务器，已停止连接，没有发送任何数据。请联系管理员。
sync-session-refused = 服务器不认可这部手机的签名。未发送的数据仍在手机里，请联系管理员重新登记。
sync-bad-answer = 服务器的回答不正常，没有采用。数据仍在手机里，请稍后重试；仍不行请联系管理员。
sync-feed-signature = 收到的内容没有服务器的签名，没有采用。请联系管理员。
sync-key-unavailable = 手机的密钥现在不能使用。请解锁手机后重试；仍不行请联系管理员重新登记。
sync-too-many-rounds = 这次同步次数太多，已停下。已收到的内容都已保存，请稍后再同步；仍不行请联系管理员。
sync-store = 手机里的数据库出错，同步已停下。请检查手机剩余空间后重试；仍不行请联系管理员，不要卸载应用。
sync-internal = 应用内部出错，同步已停下，数据仍在手机里。请重新打开应用再试；仍不行请联系管理员。

## 手机存储（store-代码）

store-busy = 应用已在另一处打开，同一时间只能有一处使用这些数据。请关闭另一处（或在“最近任务”里划掉应用）后重新打开；数据没有改动。
store-full = 手机存储空间已满，这次没有保存，表单内容还在。请删除一些照片或不用的应用，腾出至少 50 MB 后再点保存。
store-read-only = 手机存储现在只能读、不能写，这次没有保存。请重启手机；仍不行请联系管理员，不要卸载应用。
store-rebuilt = 手机里的数据文件有损坏，应用已换用新文件，未发送的内容都已保留，其余会在下次同步时取回。请再操作一次，并尽快同步。
store-newer-data = 这些数据是新版应用写的。请更新应用后再打开；数据没有改动。
store-wrong-key = 手机里的密钥打不开数据。请不要卸载应用，先联系管理员。
store-record-damaged = 这份记录的数据有损坏，下次同步会重新取回；您未发送的内容已保留。请先同步。
store-damaged = 手机里的数据有一处读不懂。请同步后重试；仍不行请联系管理员，不要卸载应用。
store-recovery = { $at }发现手机里的数据文件有损坏，应用已换用新文件。未发送的 { $unsent } 处修改都已保留，其余会在下次同步时取回。请尽快同步；如再次出现，可能是手机存储老化，请更换手机。

## 记录的三种状态

state-on-phone = 已存手机
state-at-server = 已送达
state-needs-attention = 需处理

## 注册链接不可用（enrolment-link-<code>）

enrolment-link-other-link = 这不是网格系统的注册码。请扫描管理员给的二维码。
enrolment-link-incomplete = 注册码不完整。请重新扫描，或请管理员重新生成。

## 成员迁移（member-move-代码）

member-move-no-such-member = 这一户没有这名成员，请刷新后重新选择。
member-move-has-left = 这名成员已经离开这一户。
member-move-is-there = 这名成员已经在要迁入的住户里。
member-move-same-household = 迁出和迁入是同一户，请另选一户。
member-move-before-joining = 迁出日期早于入户日期，请检查日期。

## 疑似重复（duplicate-依据）

duplicate-standard-address = 标准地址编码相同
duplicate-address = 地址相同
duplicate-identity-number = 证件号码相同
duplicate-name-and-birth = 姓名和出生日期相同
duplicate-credit-code = 统一社会信用代码相同
duplicate-place-name = 场所名称相同

## 表单检查（form-代码）

form-missing = 这一项必填。
form-too-short = 内容太短，至少 { $min } 个字。
form-day-outside = 日期超出范围（{ $earliest } 至 { $latest }），请检查。
form-not-whole = 请填写整数。

## 记录内部不一致（record-problem-代码）

record-problem-guardian-missing = 未满十四周岁，请填写监护人。
record-problem-guardian-unknown = 所选监护人已不在本户，请另选或填写姓名。
record-problem-birth-differs = 出生日期与身份证号码不一致，请对照证件核对。
record-problem-sex-differs = 性别与身份证号码不一致，请对照证件核对。
record-problem-permit-differs = 证件号码与所选证件种类不符，请核对。
record-problem-same-person-twice = 本户有两名成员证件号码相同，请核对是否重复登记。
record-problem-end-before-start = 结束早于开始，请检查日期。
record-problem-in-the-future = 日期在今天之后，请检查。
record-problem-point-outside = 位置不在中国境内或不完整，请重新定位。

## 采集清单有误（collection-list-代码）

collection-list-malformed = 不是采集清单，第 { $place } 行附近有误：{ $detail }
collection-list-too-large = 采集清单太大，请删减。
collection-list-too-many = { $place }：数量为零或过多。
collection-list-text = { $place }：缺少中文或英文，或者太长。
collection-list-unfounded = { $place }：请写明采集目的和法律依据。
collection-list-unknown-field = { $place }：没有“{ $detail }”这一项。
collection-list-name = { $place }“{ $detail }”：名称只能用字母、数字和下划线，且不能重复。
collection-list-bounds = { $place }：范围不对，没有内容能满足。
collection-list-choices = { $place }：选项缺少、重复或过多。
collection-list-depth = { $place }：条件嵌套太深。
collection-list-area = { $place }“{ $detail }”：地区应为网格编码的开头数字。
