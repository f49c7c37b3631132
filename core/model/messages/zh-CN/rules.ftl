# 录入规则的提示，每个错误代码一条（代码中的下划线写作连字符）。
# 每条都说明哪里不对、接下来怎么做。

## 文本

text-empty = 此项不能为空，请填写。
text-too-long = 内容有 { $found } 个字，最多 { $limit } 个字，请删减。
text-nul = 第 { $position } 个字符无法保存，请删除后重新输入。
text-direction-override = 第 { $position } 个字符是改变文字方向的隐藏符号，请删除，或手工重新输入。

## 编码各段的名称

rule-segment =
    { $segment ->
        [object] 管理对象
        [county] 县（市、区）
        [street] 乡镇（街道）
        [area] 片区
        [community] 村（社区）
        [grid] 网格
        [attribute] 属性
       *[other] { $segment }
    }

## 网格编码

grid-code-wrong-length = 这里的网格编码为 { $expected } 位，现为 { $found } 位，请检查是否漏输或多输。
grid-code-full-width = 第 { $position } 位是全角数字，请改用半角数字：{ $suggestion }
grid-code-not-digit = 第 { $position } 位不是数字，请对照网格公示牌或编码表核对。
grid-code-province-unknown = 没有以 { $province } 开头的省级代码，请核对前两位。
grid-code-street-zero = 乡镇（街道）段不能全为 0，请填写乡镇（街道）代码。
grid-code-community-zero = 村（社区）段不能全为 0，请填写村（社区）代码。
grid-code-grid-zero = 网格序号不能全为 0，请从 1 开始填写序号。
grid-code-part-zero = “{ rule-segment }”段不能全为 0，请按本地编码规则核对。
grid-code-attribute-unknown = 网格属性不能是 { $value }，请从以下值中选择：{ $allowed }。
grid-code-value-not-allowed = “{ rule-segment }”段不能是 { $value }，请从以下值中选择：{ $allowed }。
grid-code-part-missing = 缺少“{ rule-segment }”段，请补填。
grid-code-part-unknown = 本地编码规则没有“{ rule-segment }”段，请留空。
grid-code-part-width = “{ rule-segment }”段应为 { $expected } 位，现为 { $found } 位，请在左边补 0 或核对。

## 编码规则的配置

grid-code-scheme-id-missing = 网格编码规则没有标识（id），请在配置中填写。
grid-code-scheme-gap = 网格编码规则的“{ rule-segment }”段应从第 { $expected } 位开始，且不早于该位结束，请修改 from 和 to。
grid-code-scheme-length-mismatch = 网格编码规则各段共 { $covered } 位，而总长为 { $length } 位，请改为一致。
grid-code-scheme-segment-twice = 网格编码规则中“{ rule-segment }”段重复，请删除一个。
grid-code-scheme-segment-missing = 网格编码规则缺少“{ rule-segment }”段，请补上；县、乡镇、村、网格四段（county、street、community、grid）必须有。
grid-code-scheme-county-width = 网格编码规则的县级段必须为 6 位，请修改 from 和 to。
grid-code-scheme-allowed-value = “{ rule-segment }”段的允许值 { $value } 必须正好是 { $width } 位数字，请修改。

## 区划代码

division-code-wrong-length = 区划代码为 2、4、6、9 或 12 位，现为 { $found } 位，请核对。
division-code-full-width = 第 { $position } 位是全角数字，请改用半角数字。
division-code-not-digit = 第 { $position } 位不是数字，请核对。
division-code-province-unknown = 没有以 { $province } 开头的省级代码，请核对前两位。
division-code-street-zero = 乡镇（街道）段为 000，请去掉末尾的 0，或填写乡镇（街道）代码。
division-code-village-zero = 村（社区）段为 000，请去掉末尾的 0，或填写村（社区）代码。

## 公民身份号码

citizen-id-empty = 未填写公民身份号码，请填写，或选择其他证件。
citizen-id-wrong-length = 公民身份号码应为 18 位，现为 { $found } 位，请对照证件核对。
citizen-id-full-width = 第 { $position } 位是全角字符，请切换为半角后重新输入。
citizen-id-wrong-character = 第 { $position } 位应为数字（最后一位可以是 X），请对照证件核对。
citizen-id-province-unknown = 前两位不是任何省份的代码，请对照证件核对。
citizen-id-county-never-assigned = 这是演练用的虚构号码，这里不能保存，请输入证件上的号码。
citizen-id-birth-date-invalid = 号码中的出生日期不存在，请对照证件核对第 7 至 14 位。
citizen-id-birth-date-too-early = 号码中的出生年份过早，请对照证件核对第 7 至 10 位。
citizen-id-birth-date-in-future = 号码中的出生日期晚于今天，请核对第 7 至 14 位，并检查本机日期。
citizen-id-check-character-wrong = 最后一位与前面各位不符，至少有一位输错，请对照证件逐位核对。
citizen-id-old-number = 这是 15 位的旧号码，请核对系统给出的 18 位号码，无误后采用。

## 电话号码

phone-number-empty = 未填写电话号码，请填写。
phone-number-full-width = 第 { $position } 位是全角字符，请切换为半角后重新输入。
phone-number-wrong-character = 第 { $position } 个字符不应出现在国内电话号码中，请只输入数字（前面可以带 +86）。
phone-number-mobile-wrong-length = 手机号码应为 11 位，现为 { $found } 位，请核对。
phone-number-mobile-prefix = 手机号码应以 13 至 19 开头，请核对；固定电话请带区号填写。
phone-number-landline-area-code = 固定电话请在前面加区号，例如 0531。
phone-number-landline-wrong-length = 区号后应为 7 或 8 位，现为 { $found } 位，请核对。

## 统一社会信用代码

credit-code-empty = 未填写统一社会信用代码，请填写。
credit-code-wrong-length = 统一社会信用代码应为 18 位，现为 { $found } 位，请对照执照核对。
credit-code-full-width = 第 { $position } 位是全角字符，请切换为半角字母和数字。
credit-code-wrong-character = 第 { $position } 位不能是这个字符。代码不使用字母 I、O、S、V、Z，第 3 至 8 位为数字，请留意 1、0、5、U、2。
credit-code-check-character-wrong = 最后一位与前面各位不符，至少有一位输错，请对照执照逐位核对。

## 通行证、居留证件和护照

permit-empty = 未填写证件号码，请填写。
permit-full-width = 第 { $position } 位是全角字符，请切换为半角字母和数字。
permit-hk-macao-travel-permit-shape = 港澳居民来往内地通行证号码为 H 或 M 加 8 位数字（旧证 10 位），请对照证件核对。
permit-taiwan-travel-permit-shape = 台湾居民来往大陆通行证号码为 8 位数字（旧证 10 位），请对照证件核对。
permit-hk-macao-taiwan-residence-permit-shape = 港澳台居民居住证号码为 18 位，以 810000、820000 或 830000 开头，请对照证件核对。
permit-foreigner-permanent-residence-shape = 外国人永久居留身份证号码为 9 开头的 18 位，旧证为 3 个字母加 12 位数字，请对照证件核对。
permit-chinese-passport-shape = 不符合中国护照号码的形式（例如 E 加 8 位数字），请对照护照核对。
permit-foreign-passport-shape = 护照号码为 5 至 20 位字母和数字，不含空格，请对照护照核对。
permit-check-character-wrong = 最后一位与前面各位不符，至少有一位输错，请对照证件逐位核对。

## 车牌号码

plate-empty = 未填写车牌号码，请填写。
plate-full-width = 第 { $position } 位是全角字符，请切换为半角字母和数字。
plate-province-unknown = 车牌号码以省份简称开头，例如“鲁”，请核对第一个字。
plate-wrong-length = 车牌号码为 7 位（新能源车 8 位），现为 { $found } 位，请核对。
plate-wrong-character = 第 { $position } 位不能是这个字符；车牌不使用字母 I 和 O，请核对。

## 位置

point-not-a-number = 位置不是有效数字，请重新定位。
point-zero = 设备尚未定位，请到开阔处等待定位，或在地图上标注。
point-outside-china = 位置不在中国境内，请重新定位，或在地图上标注。
point-accuracy-invalid = 定位精度应为不小于 0 的米数，请重新定位。
