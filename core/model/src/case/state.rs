//! The words a case is described with.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $code:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$item_doc])* #[serde(rename = $code)] $item,)*
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$item,)*];

            /// Stable code, as documents and messages carry it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$item => $code,)* }
            }

            /// The one with this code.
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|item| item.as_str() == code)
            }
        }
    };
}
pub(crate) use codes;

codes! {
    /// Where a case stands. The texts are `case-state-<code>`.
    CaseState {
        /// Handed in, nobody has looked at it (问题上报).
        Reported = "reported",
        /// Has a number, a class and a limit (案卷建立).
        Filed = "filed",
        /// Given to a unit that has not signed for it (任务指派).
        Assigned = "assigned",
        /// Being looked into (调查落实).
        InProgress = "in_progress",
        /// The result is handed in (处理反馈).
        Handled = "handled",
        /// Somebody else than the handler found it done (核查).
        Verified = "verified",
        /// Cannot be solved for now and was explained; stays in the ledger.
        Explained = "explained",
        /// The reporter was told (销号).
        Closed = "closed",
        /// In the archive (结案归档).
        Archived = "archived",
        /// No incident after all (作废).
        Void = "void",
        /// A duplicate of another.
        Merged = "merged",
    }
}

impl CaseState {
    /// Nothing more is to be done.
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            Self::Closed | Self::Archived | Self::Void | Self::Merged
        )
    }
}

codes! {
    /// The desk that is responsible, from below.
    CaseLevel {
        /// Community or village.
        Community = "community",
        /// Street or town.
        Street = "street",
        /// County or district.
        County = "county",
    }
}

impl CaseLevel {
    /// Its bit in [`crate::case::CaseSummary::approved`].
    pub const fn bit(self) -> u8 {
        match self {
            Self::Community => 1,
            Self::Street => 2,
            Self::County => 4,
        }
    }

    /// The next level up.
    pub const fn above(self) -> Option<Self> {
        match self {
            Self::Community => Some(Self::Street),
            Self::Street => Some(Self::County),
            Self::County => None,
        }
    }

    /// The next level down.
    pub const fn below(self) -> Option<Self> {
        match self {
            Self::Community => None,
            Self::Street => Some(Self::Community),
            Self::County => Some(Self::Street),
        }
    }
}

codes! {
    /// Towards one case, what somebody is to it.
    CaseRole {
        /// Reported it.
        Reporter = "reporter",
        /// Works in its grid.
        GridWorker = "grid_worker",
        /// Heads its grid.
        GridHead = "grid_head",
        /// Sits at the desk of its community.
        CommunityDesk = "community_desk",
        /// Sits at the desk of its street.
        StreetDesk = "street_desk",
        /// Sits at the desk of its county.
        CountyDesk = "county_desk",
        /// Belongs to the unit that handles it.
        Handler = "handler",
        /// Belongs to a unit that was whistled for.
        JointHandler = "joint_handler",
        /// Assesses the work of others.
        Assessor = "assessor",
    }
}

impl CaseRole {
    /// The desk of a level.
    pub const fn desk(level: CaseLevel) -> Self {
        match level {
            CaseLevel::Community => Self::CommunityDesk,
            CaseLevel::Street => Self::StreetDesk,
            CaseLevel::County => Self::CountyDesk,
        }
    }

    /// The level whose desk this is.
    pub const fn desk_level(self) -> Option<CaseLevel> {
        match self {
            Self::CommunityDesk => Some(CaseLevel::Community),
            Self::StreetDesk => Some(CaseLevel::Street),
            Self::CountyDesk => Some(CaseLevel::County),
            _ => None,
        }
    }
}

codes! {
    /// How an incident is handled (domain document, section 5.3).
    Handling {
        /// On the spot, by whoever found it (一般性).
        OnTheSpot = "on_the_spot",
        /// Taken to the community desk (协调性).
        Coordinated = "coordinated",
        /// Reported to every level at once (突发性).
        Emergency = "emergency",
        /// Papers that are verified level by level (审批性).
        Approval = "approval",
    }
}

codes! {
    /// Urgency (紧急程度).
    Urgency {
        /// Ordinary.
        Normal = "normal",
        /// Urgent.
        Urgent = "urgent",
        /// At once.
        Emergency = "emergency",
    }
}

impl Urgency {
    /// How urgent a report is by what people wrote: one of class 80 (突发事件) is an
    /// emergency, whatever was ticked.
    pub fn reported(category: &str, urgency: &str) -> Self {
        if category.starts_with(crate::emergency::EMERGENCY_CLASS) {
            return Self::Emergency;
        }
        Self::parse(urgency).unwrap_or(Self::Normal)
    }
}

codes! {
    /// A card shown to whoever is slow (督办).
    Supervision {
        /// Yellow card.
        Yellow = "yellow",
        /// Red card.
        Red = "red",
    }
}
