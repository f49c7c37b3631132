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

