# 台账的导入、导出和虚构数据。

## 生成虚构县区

generate-summary = 已生成虚构县区：{ $grids } 个网格，{ $workers } 名网格员，{ $households } 户，{ $people } 人；用时 { $seconds } 秒。
generate-next = 办公室账号为 office，网格员为 w1-1、w1-2……。先用 wangge admin person set-password --person office 设置密码，再启动服务器。数据均属虚构，本数据目录已标记为测试用途。
generate-no-communities = 区划表中没有社区或村。请检查 --county，或提供含 12 位代码的 CSV（--divisions）。
generate-grids = 无法生成 { $grids } 个网格：这些社区最多容纳 { $room } 个，至少 1 个。请减少 --grids，或换一个县（--county）。
generate-not-empty = 数据目录已有内容，虚构数据只能放进新的目录。请用 --data 指定一个新目录。
generate-file = 无法使用文件 { $path }（{ $reason }）。
generate-storage = 写入数据失败：{ $reason }。请检查磁盘空间，然后换一个新目录重新生成。

## 读取文件

ledger-file = 无法读取文件：{ $reason }。请检查文件是否存在、是否可读。
ledger-unknown-format = 这个文件既不是 XLSX 也不是 CSV。请用 Excel 另存为“Excel 工作簿（.xlsx）”或“CSV”后再导入。
ledger-old-workbook = 这是旧版 Excel 文件（.xls）或带密码的文件。请打开后另存为不带密码的“Excel 工作簿（.xlsx）”。
ledger-damaged = 工作簿无法读取：{ $reason }。请用 Excel 打开确认完好，另存一份后再试。
ledger-no-sheet = 文件中没有名为“{ $name }”的工作表。请检查工作表名称。
ledger-encoding = 无法识别文字编码。请把文件另存为 UTF-8 编码的 CSV，或 XLSX。
ledger-too-large = 文件太大：超过 { $limit } { $what }。请按社区或网格拆分成几个文件。
ledger-too-large-bytes = 字节
ledger-too-large-cells = 个单元格
ledger-too-large-text = 字节的文字
ledger-too-large-columns = 列
ledger-too-large-files = 个内部文件
ledger-too-large-areas = 个合并单元格
ledger-timed-out = 读取用时过长，已停止。请按社区或网格拆分成几个文件。
ledger-no-headings = 前 20 行里找不到表头。表头至少要有两列能识别，例如“小区”“楼栋”“室”“姓名”；也可以指定列的含义。
ledger-no-households = 表中没有地址、户号这样的列，无法知道每行属于哪一户。请补充地址或户号列，或指定列的含义。
ledger-too-many-columns = 表格超过 500 列。请删除多余的列。
ledger-column-twice = “{ $first }”和“{ $second }”两列都被识别为“{ $target }”。请把其中一列改为不导入，或指定其他含义。
ledger-no-such-target = 没有名为“{ $name }”的字段。可用的字段：{ $known }
ledger-map-form = “{ $text }”应写成“表头=字段”。

ledger-column-ignored = 不导入
ledger-column-grid = 网格
ledger-column-household = 户号
ledger-column-record = 记录编号
ledger-column-member = 人员编号
ledger-column-household-labels = 住户关怀类别
ledger-column-member-labels = 人员关怀类别

## 单元格的问题

ledger-cell-formula = 公式出错。请改为具体内容。
ledger-cell-lost-digits = 数字已丢失位数（长号码被当作数字保存，或显示为科学计数法）。请把该列设为文本格式，重新填写完整号码。
ledger-cell-several = 一个单元格里有多个值。请只保留一个。
ledger-cell-no-day = 日期缺少“日”。请填写完整的年月日。
ledger-cell-unknown-grid = 您的管理范围内没有这个网格。请填写网格编码，或“社区名+网格名”。
ledger-cell-ambiguous-grid = 有多个网格同名。请填写网格编码，或“社区名+网格名”。
ledger-cell-no-grid = 没有网格。请填写网格列，或在导入时指定网格。
ledger-cell-no-household = 不知道属于哪一户：没有户号也没有地址。请补充。
ledger-cell-no-name = 缺少姓名。请补充，或清空这一行的人员信息。
ledger-cell-differs = 与第 { $row } 行同一户的内容不同。请改为一致。
ledger-cell-birth-mismatch = 出生日期与公民身份号码不符。请核对后改正其中一个。
ledger-cell-sex-mismatch = 性别与公民身份号码不符。请核对后改正其中一个。
ledger-cell-same-person = 与第 { $row } 行是同一个人，但内容不同。请只保留正确的一行。
ledger-cell-unknown-record = 您的管理范围内没有这份记录。请清空记录编号，或只导入您管理的网格。
ledger-cell-masked = 内容是脱敏的（含 *），不能导入。请用不脱敏导出的文件。
ledger-cell-too-large = 这一户内容太多。请检查是否把多户合成了一户。

## 提示

ledger-severity-error = 错误
ledger-severity-duplicate = 可能重复
ledger-severity-note = 提示
ledger-remark-repeated = 与第 { $row } 行完全相同，已略过
ledger-remark-person-file = 此人在第 { $row } 行也出现过
ledger-remark-address-file = 第 { $row } 行有同一地址的另一户
ledger-remark-household-register = 系统中已有这一户：{ $title }
ledger-remark-person-register = 此人已登记在另一户：{ $title }
ledger-remark-not-a-row = 合计或签名行，已略过
ledger-remark-converted = 15 位旧号码已换算为 18 位，请核对
ledger-report-row = 行
ledger-report-column = 列
ledger-report-heading = 表头
ledger-report-value = 内容（脱敏）
ledger-report-severity = 类别
ledger-report-reason = 原因

## 命令

ledger-sheet = 台账
ledger-column-derived = 判定台账类别
ledger-columns = 列的含义：
ledger-remarks = 检查结果：错误 { $errors } 处，可能重复 { $duplicates } 处，提示 { $notes } 处；{ $held } 户因错误不能导入。
ledger-remarks-more = 另有 { $count } 处，请用 --report 写入文件查看。
ledger-report-written = 全部问题已写入 { $path }。
ledger-confirm = 将写入 { $households } 户。继续吗？（y/n）
ledger-unconfirmed = 没有写入。请先查看检查结果，确认后加 --yes 重新运行。
ledger-checked = 已检查 { $rows } 行，{ $households } 户，{ $people } 人：新增 { $new }，有变化 { $changed }，无变化 { $unchanged }，系统已有 { $skipped }，补空白 { $filled }，不能导入 { $held }；没有写入。用时 { $seconds } 秒。
ledger-done = 已导入 { $rows } 行，{ $households } 户，{ $people } 人：新增 { $new }，更新 { $changed }，无变化 { $unchanged }，系统已有 { $skipped }，补空白 { $filled }，不能导入 { $held }。用时 { $seconds } 秒。
ledger-exported = 已导出 { $households } 户，{ $rows } 行，到 { $path }。
ledger-failed = 导入中断：{ $reason }。已写入的部分保留；排除原因后重新运行同一文件，会从中断处继续。
ledger-export-failed = 导出失败：{ $reason }。请检查磁盘空间和路径，删除不完整的文件后重试。
ledger-exists = { $path } 已存在，不会覆盖。请换一个文件名。
ledger-form = { $path } 的扩展名不对，应为 .xlsx、.csv 或 .geojson。
ledger-forbidden = 此人无权查看不脱敏的住户信息。请去掉 --unmask，或由有权限的人导出。
ledger-reason = 请用 --reason 写明不脱敏的理由（2 至 100 字），理由会记入审计。

## 标准地址

addresses-checked = 已检查 { $rows } 行：可补充 { $filled } 户，已齐全 { $known } 户，系统中没有住户 { $nobody } 处，同一地址有多户 { $several } 处，不能使用 { $errors } 行；没有写入。
addresses-done = 已处理 { $rows } 行：补充 { $filled } 户，已齐全 { $known } 户，系统中没有住户 { $nobody } 处，同一地址有多户 { $several } 处，不能使用 { $errors } 行。
