# 组织：级别、角色、职责、网格的规模和人员、划分检查。

list-separator = 、
unit-households = 户
unit-people = 人

## 级别

level-province = 省
level-prefecture = 市
level-county = 县区
level-street = 街道
level-area = 片区
level-community = 社区
level-grid = 网格
level-micro-grid = 微网格

## 网格属性

attribute-urban = 城市社区
attribute-rural = 农村地区
attribute-dedicated = 专属网格

## 角色

role-informant = 信息员
role-volunteer = 平安志愿者
role-household-link = 联户员
role-service-team = 服务团队成员
role-resident-group-head = 居民小组长
role-building-group-head = 楼群组长
role-building-head = 楼栋长
role-stairwell-head = 单元长
role-micro-grid-head = 微网格长
role-legal-contact = 三官一律
role-village-police = 驻村民警
role-part-time-worker = 兼职网格员
role-seconded-official = 下沉干部
role-grid-worker = 网格员
role-all-round-worker = 全科网格员
role-grid-head = 网格长
role-area-head = 片长
role-service-desk = 综合服务岗
role-deputy-chief-grid-head = 副总网格长
role-chief-grid-head = 总网格长
role-handler = 部门处置人员
role-assessor = 考评督导
role-street-staff = 街道工作人员
role-centre-staff = 网格化中心工作人员
role-supervisor = 主管
role-auditor = 安全审计员
role-admin = 系统管理员

## 职责（九员合一）

duty-service = 便民服务
duty-mediation = 矛盾调解
duty-publicity = 政策宣讲
duty-environment = 环境保护
duty-opinion = 民意收集
duty-emergency = 应急
duty-safety = 安全排查
duty-patrol = 巡逻
duty-collection = 信息采集

## 节点的位置和编码

org-level-order = { $level }级节点不能放在{ $parent }级节点之下。
org-parent-level = { $level }必须直接放在一个{ $expected }之下，请用上级的编号或编码指明。
org-grid-code-missing = 网格必须有编码，请填写编码。
org-grid-code = 网格编码 { $code } 无效：{ $reason }
org-division-code = { $level }级节点的区划代码 { $code } 无效：{ $reason }
org-division-code-level = { $level }级节点的区划代码应为 { $expected } 位，现为 { $found } 位。
org-free-code = 编码无效：{ $reason }
org-code-elsewhere = 编码 { $code } 不属于上级节点（{ $parent }），请核对编码或上级。
org-area-mismatch = 编码 { $code } 中的片区是 { $found }，而网格位于片区 { $area }，请核对编码。
org-attribute-not-grid = 只有网格有属性，{ $level }级节点没有，请去掉。
org-attribute-mismatch = 编码 { $code } 的属性是{ $expected }，填写的却是{ $found }，请改正其中之一。

## 任职

org-role-level = 角色{ $role }不能用于{ $level }级节点，只能用于：{ $allowed }。
org-role-full-time = 角色{ $role }是专职，不能兼职；兼职请用角色兼职网格员（part_time_worker）。
org-role-part-time = 角色{ $role }只能兼职，请注明兼职。
org-role-reserve = 角色{ $role }不能预编，只有下沉干部可以。

## 网格的规模和人员

grid-warning-too-small = 规模偏小：{ $found }{ $unit }，应不少于 { $min }{ $unit }
grid-warning-too-large = 规模偏大：{ $found }{ $unit }，应不超过 { $max }{ $unit }
grid-warning-no-head = 没有网格长
grid-warning-several-heads = 有 { $found } 位网格长，应为一格一长
grid-warning-too-few-staff = 人员不足：{ $found } 人，应不少于 { $min } 人
grid-warning-no-boundary = 还没有边界

## 边界

boundary-ring-outline = 第 { $part } 部分的外环
boundary-ring-hole = 第 { $part } 部分的第 { $hole } 个洞
boundary-empty = 没有任何多边形，请补画边界
boundary-too-many-points = 有 { $found } 个顶点，最多 { $limit } 个，请先简化线条
boundary-too-few-points = { $ring }不足三个不同的顶点，请删除或重画
boundary-not-closed = { $ring }没有闭合，最后一个坐标应与第一个相同
boundary-position = { $ring }的第 { $position } 个坐标无效：{ $reason }
boundary-projected = 坐标不是经纬度，而像是投影后的米，请用 GIS 软件转换为经纬度（WGS-84 或 CGCS2000）后再导出
boundary-self-intersection = { $ring }在 { $place } 附近与自身相交或相接，请修改线条
boundary-rings-cross = { $ring }与{ $other }在 { $place } 附近相交或重合，请修改线条
boundary-hole-outside = { $ring }不在外环之内，或在另一个洞里，请改正
boundary-parts-overlap = 第 { $one } 部分与第 { $two } 部分重叠，请合并或修改
boundary-stored = 保存的边界无法读取，请重新导入

geojson-too-large = 文件有 { $found } MiB，最多 { $limit } MiB，请按社区拆分
geojson-not-json = 文件不是有效的 JSON，第 { $line } 行第 { $column } 列：{ $reason }
geojson-not-a-collection = 应为 FeatureCollection，现为“{ $found }”，请用 GIS 软件导出为 GeoJSON
geojson-no-features = 文件中没有任何要素，请检查导出的图层
geojson-too-many-features = 文件有 { $found } 个要素，最多 { $limit } 个，请拆分
geojson-system = 文件注明的坐标系“{ $found }”不能使用，请转换为 WGS-84 或 CGCS2000 经纬度后再导出
geojson-not-a-feature = 第 { $number } 个要素没有图形或格式不对：{ $reason }
geojson-geometry = 第 { $number } 个要素（{ $name }）是{ $found }，边界应为 Polygon 或 MultiPolygon
geojson-coordinates = 第 { $number } 个要素（{ $name }）的坐标格式不对，每个坐标应为两个数字
geojson-boundary = 第 { $number } 个要素（{ $name }）：{ $reason }

coverage-outside = { $name } 有 { $area } 平方米超出社区范围（在 { $place } 附近）
coverage-overlap = { $one } 与 { $two } 重叠 { $area } 平方米（在 { $place } 附近）
coverage-no-hole = 专属网格 { $dedicated } 位于 { $around } 之内，{ $around } 应在此处留出洞（重叠 { $area } 平方米）
coverage-gap = 有 { $area } 平方米不属于任何网格（在 { $place } 附近）

## 网格调整

redivision-member = 文件缺少成员 redivision 或其内容不对：{ $reason }
redivision-system = 没有“{ $found }”这一坐标系，应为 wgs84、gcj02 或 bd09。
redivision-too-many-rules = 规则太多，每类最多 { $limit } 条，请拆分。
redivision-property = 第 { $number } 个要素的 { $property } 缺少或太长，每个新网格都要有 code 和 name。
redivision-attribute = 第 { $number } 个要素的属性“{ $found }”不对，应为 urban、rural 或 dedicated。
redivision-code-twice = 编码 { $found } 出现了两次，请改正。
redivision-grid-unknown = 规则中的网格 { $found } 不是文件中的新网格，请改正。

redivision-reason-by-hand = 人工指定
redivision-reason-only = 只有一个后继网格
redivision-reason-point = 按定位
redivision-reason-address = 按地址规则
redivision-reason-building = 随同一楼栋
redivision-reason-belongs-to = 随所属家庭或场所
redivision-reason-rest = 按其余规则
redivision-reason-most-ground = 随面积最大的后继网格

## 网格和人员

console-nav-grids = 网格
console-nav-people = 人员
console-grids-title = 网格
console-grids-search-help = 名称或编码
console-grids-none = 没有网格。
console-grid-attribute = 属性
console-grid-community = 社区（村）
console-grid-people = 人口
console-grid-staff = 人员
console-grid-warnings = 需要注意
console-grid-head = 网格长
console-grid-closed = 已于 { $date } 关闭
console-grid-board = 打印公示牌
console-grid-facts = 基本情况
console-grid-since = 启用日期
console-grid-until = 关闭日期
console-grid-area = 面积
console-grid-area-m2 = { $area } 平方米
console-grid-outline = 范围示意图
console-grid-outline-of = { $name }的范围示意图
console-grid-members = 网格人员
console-grid-members-none = 还没有人员。
console-grid-versions = 历史沿革
console-grid-versions-lead = 这片地方在调整前后属于哪些网格。
console-grid-version = 先后
console-grid-before = 调整前
console-grid-after = 调整后
console-grid-redivisions = 本社区的网格调整
console-grid-redivision-at = 时间
console-grid-redivision-name = 事由
console-grid-redivision-by = 操作人
console-grid-redivision-records = 移交记录
console-command-line = 命令行
console-board-lead = 用浏览器的打印功能打印此页，张贴在网格内。电话只显示登记为公开的号码。
console-board-range = 范围
console-public-grids-title = 网格编码公开
console-people-title = 人员
console-people-lead = 您的团队：权限范围内各处的任职人员。
console-people-search-help = 姓名、网格或角色
console-people-none = 没有人员。
console-person-name = 姓名
console-person-role = 角色
console-person-place = 任职于
console-person-phone = 公开电话
console-person-time = 专职/兼职
console-person-duties = 职责
console-person-full-time = 专职
console-person-part-time = 兼职
console-person-inactive = 已停用
console-person-reserve = 预编
console-person-untrained = 未培训，不能上岗
console-person-trained-later = { $date } 起上岗
console-move = 移到另一个网格
console-move-to = 移到
console-move-choose = 请选择网格
console-move-help = 原网格的手机下次同步时不再保存这份记录，新网格的手机会收到完整内容。原网格人员尚未上报的修改会进入审核。
console-move-button = 移动
console-moved = 已移到“{ $grid }”。
line-workers = 网格员及协助人员
line-head = 网格长
line-community = 社区（村）
line-street = 街道（乡镇）
line-county = 县（区）及以上
console-line = 逐级报告
console-line-lead = 自下而上：网格内的人员报告网格长，网格长报告社区，依次向上。按现有任职自动列出。
work-card-valid = 有效
work-card-unconfirmed = 未能确认：超过七天没有与服务器同步，或手机时间不对。请先同步再出示。
work-card-ended = 无效：目前没有任职
console-card-title = 工作证
console-card-lead = 可打印，也可在手机上出示。居民扫码可核对是否有效。
console-card-number = 编号
console-card-code = 扫码核对
console-card-no-public = 本单位没有开放公开页面，工作证上没有二维码。
console-card-invalid-own = 此人目前没有任职，工作证无效。
console-card-check = 工作证核对
console-card-valid = 有效：此人是在岗的网格工作人员。
console-card-invalid = 无效：持证人目前不在岗。请不要让其入户。
console-card-at = 核对时间：{ $at }。
console-card-ask = 有疑问请联系所在社区居（村）委会。
