//! Made-up names: frequent surnames of one character, rarer ones of two, and
//! the long names with a middle dot that forms and columns trip over. Parts are
//! combined by chance, so a name says nothing about anybody.

use rand::{Rng, RngExt as _};
use wangge_model::Sex;

/// Frequent surnames, most frequent first.
const SURNAMES: [&str; 60] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹",
    "袁", "邓", "许", "傅", "沈", "曾", "彭", "吕", "苏", "卢", "蒋", "蔡", "贾", "丁", "魏", "薛",
    "叶", "阎", "余", "潘", "杜", "戴", "夏", "钟", "汪", "田", "任", "姜",
];

/// Surnames of two characters.
const COMPOUND_SURNAMES: [&str; 12] = [
    "欧阳", "上官", "司马", "诸葛", "皇甫", "尉迟", "司徒", "夏侯", "令狐", "慕容", "公孙", "端木",
];

/// Characters of given names, more usual for men, for women, and for either.
const MALE: &str = "伟强磊军勇杰涛明超刚平辉鹏健峰斌波凯亮龙飞宇浩志国建庆海福";
const FEMALE: &str = "芳娜敏静丽艳娟霞秀英兰梅玲婷雪琳莉红燕萍颖洁慧佳倩雅琴珍";
const EITHER: &str = "文华云晓春雨子安宁嘉欣一诺清成思远和新";

/// Given and fathers' names of long names.
const LONG_PARTS: [&str; 16] = [
    "阿依古丽",
    "古丽娜尔",
    "买买提",
    "阿卜杜拉",
    "热依汗",
    "吐尔逊",
    "帕提古丽",
    "艾合买提",
    "其其格",
    "巴特尔",
    "乌兰",
    "苏日娜",
    "次仁",
    "卓玛",
    "扎西",
    "央金",
];

/// One in this many people has a long name.
const LONG_ONE_IN: u32 = 120;
/// One in this many families has a surname of two characters.
const COMPOUND_ONE_IN: u32 = 90;

/// A family's surname.
pub(super) fn surname(rng: &mut impl Rng) -> &'static str {
    if rng.random_range(0..COMPOUND_ONE_IN) == 0 {
        return pick(rng, &COMPOUND_SURNAMES);
    }
    // Squaring a number below one favours the front of the list.
    let share: f64 = rng.random();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a short list"
    )]
    let place = (share * share * SURNAMES.len() as f64) as usize;
    SURNAMES.get(place).copied().unwrap_or("王")
}

/// A person's whole name.
pub(super) fn full_name(rng: &mut impl Rng, surname: &str, sex: Sex) -> String {
    if rng.random_range(0..LONG_ONE_IN) == 0 {
        return format!("{}·{}", pick(rng, &LONG_PARTS), pick(rng, &LONG_PARTS));
    }
    let own = if sex == Sex::Male { MALE } else { FEMALE };
    let mut name = surname.to_owned();
    let length = if rng.random_range(0..5) == 0 { 1 } else { 2 };
    for _ in 0..length {
        let from = if rng.random_range(0..3) == 0 {
            EITHER
        } else {
            own
        };
        name.push(pick_char(rng, from));
    }
    name
}

/// One of a list.
pub(super) fn pick<T: Copy + Default>(rng: &mut impl Rng, from: &[T]) -> T {
    if from.is_empty() {
        return T::default();
    }
    from.get(rng.random_range(0..from.len()))
        .copied()
        .unwrap_or_default()
}

fn pick_char(rng: &mut impl Rng, from: &str) -> char {
    let count = from.chars().count().max(1);
    from.chars().nth(rng.random_range(0..count)).unwrap_or('安')
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn short_compound_and_long_names_all_occur_and_fit_their_field() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let names: Vec<String> = (0..5_000)
            .map(|_| {
                let surname = surname(&mut rng);
                full_name(&mut rng, surname, Sex::Female)
            })
            .collect();
        let long = names.iter().filter(|name| name.contains('·')).count();
        let compound = names
            .iter()
            .filter(|name| COMPOUND_SURNAMES.iter().any(|s| name.starts_with(s)))
            .count();
        let short = names
            .iter()
            .filter(|name| name.chars().count() == 2)
            .count();
        assert!(
            long > 10 && compound > 10 && short > 500,
            "{long} {compound} {short}"
        );
        assert!(
            names
                .iter()
                .all(|name| (2..=50).contains(&name.chars().count()))
        );
        let kong = names.iter().filter(|name| name.starts_with('王')).count();
        assert!(kong > 250, "frequent surnames are frequent: {kong}");
    }
}
