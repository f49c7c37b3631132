//! The first two digits of division codes and citizen numbers.
//!
//! Source: GB/T 2260 (provincial level) and, for 83, the residence permit of
//! residents of Taiwan. Owns the table only; what a code may contain below the
//! province is the business of [`crate::grid_code`] and [`crate::citizen_id`].

/// Two-digit code, Chinese name, English name, in code order.
const PROVINCES: [(&str, &str, &str); 35] = [
    ("11", "北京市", "Beijing"),
    ("12", "天津市", "Tianjin"),
    ("13", "河北省", "Hebei"),
    ("14", "山西省", "Shanxi"),
    ("15", "内蒙古自治区", "Inner Mongolia"),
    ("21", "辽宁省", "Liaoning"),
    ("22", "吉林省", "Jilin"),
    ("23", "黑龙江省", "Heilongjiang"),
    ("31", "上海市", "Shanghai"),
    ("32", "江苏省", "Jiangsu"),
    ("33", "浙江省", "Zhejiang"),
    ("34", "安徽省", "Anhui"),
    ("35", "福建省", "Fujian"),
    ("36", "江西省", "Jiangxi"),
    ("37", "山东省", "Shandong"),
    ("41", "河南省", "Henan"),
    ("42", "湖北省", "Hubei"),
    ("43", "湖南省", "Hunan"),
    ("44", "广东省", "Guangdong"),
    ("45", "广西壮族自治区", "Guangxi"),
    ("46", "海南省", "Hainan"),
    ("50", "重庆市", "Chongqing"),
    ("51", "四川省", "Sichuan"),
    ("52", "贵州省", "Guizhou"),
    ("53", "云南省", "Yunnan"),
    ("54", "西藏自治区", "Tibet"),
    ("61", "陕西省", "Shaanxi"),
    ("62", "甘肃省", "Gansu"),
    ("63", "青海省", "Qinghai"),
    ("64", "宁夏回族自治区", "Ningxia"),
    ("65", "新疆维吾尔自治区", "Xinjiang"),
    ("71", "台湾省", "Taiwan"),
    ("81", "香港特别行政区", "Hong Kong"),
    ("82", "澳门特别行政区", "Macao"),
    ("83", "台湾居民居住证", "Taiwan residents' permit"),
];

/// A provincial unit of GB/T 2260.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Province {
    /// Two digits, such as `37`.
    pub code: &'static str,
    /// Chinese name, such as `山东省`.
    pub name_zh: &'static str,
    /// English name, such as `Shandong`.
    pub name_en: &'static str,
}

impl Province {
    /// The province whose two-digit code `code` starts with, or `None` when no
    /// province has those digits.
    pub fn of(code: &str) -> Option<Self> {
        let digits = code.get(..2)?;
        PROVINCES
            .iter()
            .find(|(known, ..)| *known == digits)
            .map(|&(code, name_zh, name_en)| Self {
                code,
                name_zh,
                name_en,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_set_of_ranges_in_the_standard() {
        let expected: Vec<u32> = [
            11..=15,
            21..=23,
            31..=37,
            41..=46,
            50..=54,
            61..=65,
            71..=71,
            81..=83,
        ]
        .into_iter()
        .flatten()
        .collect();
        let found: Vec<u32> = (0..100)
            .filter(|n| Province::of(&format!("{n:02}")).is_some())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_longer_code_names_its_province() {
        assert_eq!(
            Province::of("370102002008").map(|p| p.name_zh),
            Some("山东省")
        );
        assert_eq!(Province::of("3"), None);
        assert_eq!(Province::of("三十七"), None);
    }
}
