//! Roles, as one table, and what an assignment to one may look like.
//!
//! Source: the roles named in GB/T 34300-2017 and in the provinces' rules, see
//! each role. What a role may see and do follows from its [`Seat`] and is in
//! [`crate::access`]. Relations between people and grids (一格一长, 一格多员,
//! 一员多格) are assignments, never a column of the grid.

use std::{fmt, str::FromStr};

use super::OrgLevel;
use crate::{
    access::Seat,
    message::{Language, message, message_id},
};

/// How much of somebody's work a role may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkingTime {
    /// Nothing else beside it (专职).
    FullOnly,
    /// Always beside another job (兼职).
    PartOnly,
    /// Either.
    Either,
}

impl WorkingTime {
    /// Whether an assignment may be full-time, or else part-time.
    pub const fn allows(self, full_time: bool) -> bool {
        match self {
            Self::FullOnly => full_time,
            Self::PartOnly => !full_time,
            Self::Either => true,
        }
    }
}

/// What a role is, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleSpec {
    /// Which.
    pub role: Role,
    /// The word in the database, in grants and on the command line.
    pub word: &'static str,
    /// Levels of the places it is for.
    pub levels: &'static [OrgLevel],
    /// Full-time, part-time or either.
    pub time: WorkingTime,
    /// Counts as staff of a grid.
    pub is_staff: bool,
    /// Training comes before work (先培训后上岗): no scope without it.
    pub needs_training: bool,
    /// May be assigned beforehand, to be called out later (预编).
    pub may_be_reserve: bool,
    /// What it may see and do; `None`: as the level of its place says.
    seat: Option<Seat>,
}

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $seat:expr, $levels:expr, $time:ident
        $(, $flag:ident)* ;)*) => {
        /// What somebody is at a place, lowest first: of several the highest is
        /// shown.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role {
            $($(#[$doc])* $name,)*
        }

        impl Role {
            /// All roles.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its row of the table.
            pub const fn spec(self) -> &'static RoleSpec {
                match self {
                    $(Self::$name => {
                        const SPEC: RoleSpec = {
                            let spec = RoleSpec {
                                role: Role::$name,
                                word: $word,
                                levels: $levels,
                                time: WorkingTime::$time,
                                is_staff: false,
                                needs_training: false,
                                may_be_reserve: false,
                                seat: $seat,
                            };
                            $(let spec = RoleSpec { $flag: true, ..spec };)*
                            spec
                        };
                        &SPEC
                    })*
                }
            }
        }
    };
}

const GRIDS: &[OrgLevel] = &[OrgLevel::Grid];
const IN_GRIDS: &[OrgLevel] = &[OrgLevel::Grid, OrgLevel::MicroGrid];
const COMMUNITIES: &[OrgLevel] = &[OrgLevel::Community];
const COMMUNITIES_AND_BELOW: &[OrgLevel] =
    &[OrgLevel::Community, OrgLevel::Grid, OrgLevel::MicroGrid];
const FROM_STREET_UP: &[OrgLevel] = &[
    OrgLevel::Province,
    OrgLevel::Prefecture,
    OrgLevel::County,
    OrgLevel::Street,
];
const FROM_COUNTY_UP: &[OrgLevel] = &[OrgLevel::Province, OrgLevel::Prefecture, OrgLevel::County];
const ANYWHERE: &[OrgLevel] = &OrgLevel::ALL;

roles! {
    /// 信息员
    Informant = "informant", Some(Seat::Light), COMMUNITIES_AND_BELOW, PartOnly;
    /// 平安志愿者, by real name.
    Volunteer = "volunteer", Some(Seat::Light), COMMUNITIES_AND_BELOW, PartOnly;
    /// 联户: somebody linked to some households, whom they visit.
    HouseholdLink = "household_link", Some(Seat::Light), IN_GRIDS, PartOnly;
    /// 服务团队成员: self-governing, basic or professional team.
    ServiceTeam = "service_team", Some(Seat::Light), COMMUNITIES_AND_BELOW, PartOnly;
    /// 居民小组长
    ResidentGroupHead = "resident_group_head", Some(Seat::Light), IN_GRIDS, PartOnly;
    /// 楼群组长
    BuildingGroupHead = "building_group_head", Some(Seat::Light), IN_GRIDS, PartOnly;
    /// 楼栋长
    BuildingHead = "building_head", Some(Seat::Light), IN_GRIDS, PartOnly;
    /// 单元长
    StairwellHead = "stairwell_head", Some(Seat::Light), IN_GRIDS, PartOnly;
    /// 微网格长
    MicroGridHead = "micro_grid_head", Some(Seat::Light), &[OrgLevel::MicroGrid], PartOnly;
    /// 三官一律: judge, prosecutor, police officer, lawyer.
    LegalContact = "legal_contact", Some(Seat::Department),
        &[OrgLevel::Street, OrgLevel::Community, OrgLevel::Grid], PartOnly;
    /// 一村一警
    VillagePolice = "village_police", Some(Seat::Department), COMMUNITIES_AND_BELOW, PartOnly;
    /// 兼职网格员 (GB/T 34300-2017)
    PartTimeWorker = "part_time_worker", Some(Seat::GridWorker), IN_GRIDS, PartOnly,
        is_staff, needs_training;
    /// 下沉干部: an official sent down, assigned beforehand, called out in an
    /// emergency.
    SecondedOfficial = "seconded_official", Some(Seat::GridWorker), GRIDS, PartOnly,
        is_staff, needs_training, may_be_reserve;
    /// 网格员 (网格管理员, 专职)
    GridWorker = "grid_worker", Some(Seat::GridWorker), IN_GRIDS, FullOnly,
        is_staff, needs_training;
    /// 全科网格员: several duties in one.
    AllRoundWorker = "all_round_worker", Some(Seat::GridWorker), GRIDS, FullOnly,
        is_staff, needs_training;
    /// 网格长: one per grid; one person may head several.
    GridHead = "grid_head", Some(Seat::GridHead), GRIDS, Either, is_staff, needs_training;
    /// 片长: looks after several grids.
    AreaHead = "area_head", Some(Seat::GridHead), &[OrgLevel::Area, OrgLevel::Grid], Either,
        needs_training;
    /// 综合服务岗
    ServiceDesk = "service_desk", Some(Seat::Community), COMMUNITIES, Either;
    /// 副总网格长
    DeputyChiefGridHead = "deputy_chief_grid_head", Some(Seat::Community), COMMUNITIES, Either;
    /// 总网格长: keeps the whole community running, is in no grid.
    ChiefGridHead = "chief_grid_head", Some(Seat::Community), COMMUNITIES, Either;
    /// 部门处置人员
    Handler = "handler", Some(Seat::Department), FROM_STREET_UP, Either;
    /// 考评督导
    Assessor = "assessor", Some(Seat::Assessor), FROM_STREET_UP, Either;
    /// 街道工作人员
    StreetStaff = "street_staff", Some(Seat::Street), &[OrgLevel::Street], Either;
    /// 网格化中心工作人员
    CentreStaff = "centre_staff", Some(Seat::County), FROM_COUNTY_UP, Either;
    /// Whoever looks after the grids below a place; the place says as what.
    Supervisor = "supervisor", None, ANYWHERE, Either;
    /// 安全审计员
    Auditor = "auditor", Some(Seat::Auditor), FROM_STREET_UP, Either;
    /// 系统管理员: people, devices and places, no resident's data.
    Admin = "admin", Some(Seat::Admin), ANYWHERE, Either;
}

impl Role {
    /// The word in the database, in grants and on the command line.
    pub const fn as_str(self) -> &'static str {
        self.spec().word
    }

    /// What it may see and do at a place of `level`.
    pub fn seat(self, level: OrgLevel) -> Seat {
        self.spec().seat.unwrap_or(match level {
            OrgLevel::Province | OrgLevel::Prefecture | OrgLevel::County => Seat::County,
            OrgLevel::Street => Seat::Street,
            OrgLevel::Area | OrgLevel::Community => Seat::Community,
            OrgLevel::Grid | OrgLevel::MicroGrid => Seat::GridHead,
        })
    }

    /// Id of its name's text.
    pub fn message_id(self) -> String {
        message_id("role", self.as_str())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such role: {0:?}")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| UnknownRole(text.chars().take(32).collect()))
    }
}

/// What somebody looks after beside the general work: the several officers in
/// one (九员合一), as tags of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duty {
    /// 便民服务
    Service,
    /// 矛盾调解
    Mediation,
    /// 政策宣讲
    Publicity,
    /// 环境保护
    Environment,
    /// 民意收集
    Opinion,
    /// 应急
    Emergency,
    /// 安全排查
    Safety,
    /// 巡逻
    Patrol,
    /// 信息采集
    Collection,
}

impl Duty {
    /// All duties.
    pub const ALL: [Self; 9] = [
        Self::Service,
        Self::Mediation,
        Self::Publicity,
        Self::Environment,
        Self::Opinion,
        Self::Emergency,
        Self::Safety,
        Self::Patrol,
        Self::Collection,
    ];

    /// The word in the database and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Mediation => "mediation",
            Self::Publicity => "publicity",
            Self::Environment => "environment",
            Self::Opinion => "opinion",
            Self::Emergency => "emergency",
            Self::Safety => "safety",
            Self::Patrol => "patrol",
            Self::Collection => "collection",
        }
    }

    /// Id of its name's text.
    pub fn message_id(self) -> String {
        message_id("duty", self.as_str())
    }

    /// Several duties as one text, in a fixed order: `mediation,patrol`.
    pub fn join(duties: &[Self]) -> String {
        let mut sorted = duties.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let words: Vec<&str> = sorted.iter().map(|duty| duty.as_str()).collect();
        words.join(",")
    }

    /// What [`Self::join`] wrote; also with spaces around the commas.
    pub fn split(text: &str) -> Result<Vec<Self>, UnknownDuty> {
        text.split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(str::parse)
            .collect()
    }
}

/// A word that names no duty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such duty: {0:?}")]
pub struct UnknownDuty(pub String);

impl FromStr for Duty {
    type Err = UnknownDuty;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|duty| duty.as_str() == text)
            .ok_or_else(|| UnknownDuty(text.chars().take(32).collect()))
    }
}

/// Why somebody cannot be assigned so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// Not a role of places of that level.
    #[error("role {role} is not for a {level}")]
    Level {
        /// The role.
        role: Role,
        /// The place's level.
        level: OrgLevel,
    },
    /// Full-time only.
    #[error("role {0} is full-time")]
    FullTime(Role),
    /// Part-time only.
    #[error("role {0} is part-time")]
    PartTime(Role),
    /// Not to be assigned beforehand.
    #[error("role {0} cannot be assigned beforehand")]
    Reserve(Role),
}

impl RoleError {
    /// Stable name, for interfaces; with `org-role-` its text in the message
    /// files.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Level { .. } => "level",
            Self::FullTime(_) => "full_time",
            Self::PartTime(_) => "part_time",
            Self::Reserve(_) => "reserve",
        }
    }

    /// What is wrong and what to do, in words.
    pub fn text(&self, language: Language) -> String {
        let say = |id: &str| message(language, id, &[]);
        let id = message_id("org-role", self.code());
        let of = match self {
            Self::Level { role, level } => {
                let levels: Vec<String> = role
                    .spec()
                    .levels
                    .iter()
                    .map(|level| say(&level.message_id()))
                    .collect();
                return message(
                    language,
                    &id,
                    &[
                        ("role", &say(&role.message_id())),
                        ("level", &say(&level.message_id())),
                        ("allowed", &levels.join(&say("list-separator"))),
                    ],
                );
            }
            Self::FullTime(role) | Self::PartTime(role) | Self::Reserve(role) => role,
        };
        message(language, &id, &[("role", &say(&of.message_id()))])
    }
}

/// Whether somebody may be assigned to a place of `level` as `role`: full-time
/// or beside another job, at once or beforehand (`reserve`).
pub fn check_assignment(
    role: Role,
    level: OrgLevel,
    full_time: bool,
    reserve: bool,
) -> Result<(), RoleError> {
    let spec = role.spec();
    if !spec.levels.contains(&level) {
        return Err(RoleError::Level { role, level });
    }
    if !spec.time.allows(full_time) {
        return Err(if full_time {
            RoleError::PartTime(role)
        } else {
            RoleError::FullTime(role)
        });
    }
    if reserve && !spec.may_be_reserve {
        return Err(RoleError::Reserve(role));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::message::find_message;

    #[test]
    fn roles_of_older_databases_are_still_read() {
        for word in ["grid_worker", "grid_head", "supervisor", "admin"] {
            assert_eq!(word.parse::<Role>().unwrap().as_str(), word);
        }
        assert!("king".parse::<Role>().is_err());
    }

    #[test]
    fn every_role_and_duty_has_a_word_of_its_own_and_a_name_in_both_languages() {
        let words: BTreeSet<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        assert_eq!(words.len(), Role::ALL.len());
        let ids = Role::ALL
            .iter()
            .map(|role| role.message_id())
            .chain(Duty::ALL.iter().map(|duty| duty.message_id()));
        for id in ids {
            for language in Language::ALL {
                assert!(find_message(language, &id, &[]).is_some(), "{id}");
            }
        }
        for role in Role::ALL {
            assert_eq!(role.spec().role, *role);
            assert!(!role.spec().levels.is_empty(), "{role}");
        }
    }

    #[test]
    fn a_supervisor_is_what_the_place_says() {
        use OrgLevel::{Area, Community, County, Grid, Province, Street};
        for (level, seat) in [
            (Province, Seat::County),
            (County, Seat::County),
            (Street, Seat::Street),
            (Area, Seat::Community),
            (Community, Seat::Community),
            (Grid, Seat::GridHead),
        ] {
            assert_eq!(Role::Supervisor.seat(level), seat, "{level}");
            assert_eq!(Role::GridWorker.seat(level), Seat::GridWorker);
        }
    }

    #[test]
    fn an_assignment_fits_the_role() {
        let check = |role, level, full_time, reserve| {
            check_assignment(role, level, full_time, reserve).map_err(|error| error.code())
        };
        assert_eq!(check(Role::GridWorker, OrgLevel::Grid, true, false), Ok(()));
        assert_eq!(
            check(Role::GridWorker, OrgLevel::Grid, false, false),
            Err("full_time")
        );
        assert_eq!(
            check(Role::PartTimeWorker, OrgLevel::Grid, true, false),
            Err("part_time")
        );
        assert_eq!(
            check(Role::GridHead, OrgLevel::Community, true, false),
            Err("level")
        );
        assert_eq!(
            check(Role::SecondedOfficial, OrgLevel::Grid, false, true),
            Ok(())
        );
        assert_eq!(
            check(Role::GridHead, OrgLevel::Grid, true, true),
            Err("reserve")
        );
        for error in [
            RoleError::Level {
                role: Role::GridHead,
                level: OrgLevel::Street,
            },
            RoleError::FullTime(Role::GridWorker),
            RoleError::PartTime(Role::Volunteer),
            RoleError::Reserve(Role::GridHead),
        ] {
            for language in Language::ALL {
                let text = error.text(language);
                assert!(!text.contains("org-") && !text.contains('{'), "{text}");
            }
        }
    }

    #[test]
    fn duties_are_one_text_in_a_fixed_order() {
        let text = Duty::join(&[Duty::Patrol, Duty::Service, Duty::Patrol]);
        assert_eq!(text, "service,patrol");
        assert_eq!(
            Duty::split(" service, patrol,"),
            Ok(vec![Duty::Service, Duty::Patrol])
        );
        assert_eq!(Duty::split(""), Ok(Vec::new()));
        assert!(Duty::split("service,king").is_err());
    }
}
