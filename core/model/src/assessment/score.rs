//! From pairs of numbers to points.

use super::Indicator;
use crate::{
    access::Seat,
    message::{Language, message, message_id},
    text::typed_line,
};

/// Most points of a rating.
pub const RATING_MAX: u8 = 100;
/// Longest reason of a rating, in characters.
const REASON_CHARS: usize = 200;
/// Below so many a share is shown as a count: one case more or less would turn it.
const FEW: u64 = 10;
/// A whole, in hundredths of a percent; also hundredths of 100 points.
const WHOLE: u128 = 10_000;

/// Two numbers: how many count, of how many. For a count per head: how many, for
/// how many heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figure {
    /// How many count.
    pub part: u64,
    /// Of how many.
    pub whole: u64,
}

impl Figure {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            part: self.part.saturating_add(other.part),
            whole: self.whole.saturating_add(other.whole),
        }
    }

    /// There was nothing to count: no figure, and neither 0 nor 100 %.
    pub const fn is_empty(self) -> bool {
        self.whole == 0
    }

    /// There is so little that a percentage would mislead.
    pub const fn is_small(self) -> bool {
        self.whole < FEW
    }

    /// The share in tenths of a percent, rounded down; `None` if there was nothing.
    pub fn per_mille(self) -> Option<u64> {
        let share = u128::from(self.part) * 1_000;
        let share = share.checked_div(u128::from(self.whole))?;
        u64::try_from(share).ok()
    }

    /// The count for each head and month in tenths, rounded down; `None` if there
    /// is nobody.
    pub fn tenths_per_head(self, months: u32) -> Option<u64> {
        let heads = u128::from(self.whole) * u128::from(months);
        let tenths = (u128::from(self.part) * 10).checked_div(heads)?;
        u64::try_from(tenths).ok()
    }

    /// How much of the target is reached, in hundredths of a percent, at most all
    /// of it. Where low is good, twice the target is half. `None` if there was
    /// nothing to count.
    pub fn attainment(self, indicator: &Indicator, months: u32) -> Option<u32> {
        let (part, whole) = (u128::from(self.part), u128::from(self.whole));
        let target = u128::from(indicator.target);
        if whole == 0 {
            return None;
        }
        let (got, wanted) = if indicator.formula.is_per_head() {
            (part, whole * u128::from(months) * target)
        } else if indicator.formula.is_lower_better() {
            (target * whole, part * 100)
        } else {
            (part * 100, target * whole)
        };
        // Nothing wanted, or nothing bad happened: reached.
        let reached = (got * WHOLE).checked_div(wanted).unwrap_or(WHOLE);
        u32::try_from(reached.min(WHOLE)).ok()
    }
}

/// The points of a period in hundredths, of 100: each indicator by its weight,
/// those without a figure left out. `None` if there is no figure at all.
pub fn score<'a>(
    figures: impl IntoIterator<Item = (&'a Indicator, Figure)>,
    months: u32,
) -> Option<u32> {
    let (mut points, mut weights) = (0_u128, 0_u128);
    for (indicator, figure) in figures {
        if let Some(attained) = figure.attainment(indicator, months) {
            points += u128::from(attained) * u128::from(indicator.weight);
            weights += u128::from(indicator.weight);
        }
    }
    // Rounded half up.
    let rounded = (points * 2 + weights).checked_div(weights * 2)?;
    u32::try_from(rounded).ok()
}

/// The points with ratings, in hundredths: `parts` are points in hundredths with
/// their shares; what there is none of leaves its share to the others.
pub fn combine(parts: &[(Option<u32>, u32)]) -> Option<u32> {
    let present = parts
        .iter()
        .filter_map(|(points, share)| Some((u128::from((*points)?), u128::from(*share))));
    let (points, shares) = present.fold((0, 0), |(points, shares), (one, share)| {
        (points + one * share, shares + share)
    });
    let rounded = (points * 2 + shares).checked_div(shares * 2)?;
    u32::try_from(rounded).ok()
}

/// Whether somebody with this seat speaks for the place they are assigned to, to
/// rate it (自评) or its neighbours (互评). Assessors look at others only; who
/// keeps the system rates nobody.
pub const fn may_rate(seat: Seat) -> bool {
    matches!(
        seat,
        Seat::GridHead | Seat::Community | Seat::Street | Seat::County | Seat::Department
    )
}

/// Why a rating is not taken. The texts are `assessment-rating-<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    /// Not from 0 to 100.
    #[error("the points must be from 0 to {RATING_MAX}")]
    Points,
    /// No reason, or one too long.
    #[error("the reason must have 2 to {REASON_CHARS} characters")]
    Reason,
    /// No period that has begun.
    #[error("the period must have begun")]
    Period,
    /// Neither the person's own place nor a neighbour of it.
    #[error("the unit must be one's own or a neighbour of it")]
    Unit,
    /// It was rated before.
    #[error("this unit was rated by that one for the period already")]
    Twice,
}

impl RatingError {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Points,
        Self::Reason,
        Self::Period,
        Self::Unit,
        Self::Twice,
    ];

    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Reason => "reason",
            Self::Period => "period",
            Self::Unit => "unit",
            Self::Twice => "twice",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(self, language: Language) -> String {
        let id = message_id("assessment-rating", self.code());
        message(language, &id, &[])
    }
}

/// Points and reason as somebody typed them.
pub fn check_rating(points: &str, reason: &str) -> Result<(u8, String), RatingError> {
    let points = points.trim().parse::<u8>().ok();
    let points = points
        .filter(|points| *points <= RATING_MAX)
        .ok_or(RatingError::Points)?;
    let reason = typed_line(reason);
    if (2..=REASON_CHARS).contains(&reason.chars().count()) {
        Ok((points, reason))
    } else {
        Err(RatingError::Reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::{AssessmentList, Formula};

    fn indicator(formula: Formula, weight: u32, target: u32) -> Indicator {
        Indicator {
            weight,
            target,
            ..AssessmentList::default()
                .indicators
                .into_iter()
                .find(|one| one.formula == formula)
                .unwrap()
        }
    }

    const fn figure(part: u64, whole: u64) -> Figure {
        Figure { part, whole }
    }

    #[test]
    fn a_target_is_reached_by_its_share_and_never_more_than_that() {
        let settled = indicator(Formula::Settled, 20, 90);
        let reached = |part, whole| figure(part, whole).attainment(&settled, 1);
        assert_eq!(reached(0, 0), None, "no cases");
        assert_eq!(reached(0, 10), Some(0));
        assert_eq!(reached(45, 100), Some(5_000));
        assert_eq!(reached(95, 100), Some(10_000));
        let none = indicator(Formula::Settled, 20, 0);
        assert_eq!(figure(0, 10).attainment(&none, 1), Some(10_000));
        let reopened = indicator(Formula::Reopened, 5, 2);
        let reached = |part, whole| figure(part, whole).attainment(&reopened, 1);
        assert_eq!(reached(0, 100), Some(10_000));
        assert_eq!(reached(2, 100), Some(10_000));
        assert_eq!(reached(4, 100), Some(5_000));
        let visits = indicator(Formula::VisitsPerWorker, 10, 15);
        assert_eq!(figure(90, 4).attainment(&visits, 3), Some(5_000));
        assert_eq!(figure(90, 0).attainment(&visits, 3), None);
    }

    #[test]
    fn a_score_is_by_weights_and_what_has_no_cases_is_no_part_of_it() {
        let (settled, satisfied) = (
            indicator(Formula::Settled, 30, 100),
            indicator(Formula::Satisfied, 10, 100),
        );
        let points = |first, second| score([(&settled, first), (&satisfied, second)], 1);
        assert_eq!(points(figure(1, 2), figure(1, 1)), Some(6_250));
        assert_eq!(points(figure(1, 2), figure(0, 0)), Some(5_000));
        assert_eq!(points(figure(0, 0), figure(0, 0)), None);
        assert_eq!(points(figure(1, 3), figure(0, 0)), Some(3_333));
    }

    #[test]
    fn ratings_take_their_shares_and_leave_them_when_there_are_none() {
        let parts = |own: Option<u32>, peers: Option<u32>| {
            combine(&[(Some(9_000), 80), (own, 10), (peers, 10)])
        };
        assert_eq!(parts(Some(10_000), Some(5_000)), Some(8_700));
        assert_eq!(parts(None, Some(5_000)), Some(8_556));
        assert_eq!(parts(None, None), Some(9_000));
        assert_eq!(combine(&[(None, 80), (None, 20)]), None);
        assert_eq!(combine(&[(Some(1), 0)]), None);
    }

    #[test]
    fn small_counts_and_shares_are_told_apart() {
        assert!(figure(9, 9).is_small() && !figure(9, 10).is_small());
        assert_eq!(figure(459_010, 472_807).per_mille(), Some(970), "97.08 %");
        assert_eq!(figure(1, 0).per_mille(), None);
        assert_eq!(figure(31, 2).tenths_per_head(1), Some(155));
        assert_eq!(figure(31, 0).tenths_per_head(1), None);
        assert_eq!(figure(1, 2).plus(figure(3, 4)), figure(4, 6));
    }

    #[test]
    fn a_rating_needs_points_and_a_reason_and_every_mistake_has_a_text() {
        let ok = check_rating(" 95 ", "按时完成\n走访");
        assert_eq!(ok, Ok((95, "按时完成走访".to_owned())));
        assert_eq!(check_rating("101", "很好"), Err(RatingError::Points));
        assert_eq!(check_rating("-1", "很好"), Err(RatingError::Points));
        assert_eq!(check_rating("90", " 好 "), Err(RatingError::Reason));
        for language in Language::ALL {
            for error in RatingError::ALL {
                let text = error.text(language);
                assert!(!text.contains("assessment-"), "{text}");
            }
        }
    }

    #[test]
    fn who_assesses_others_or_keeps_the_system_rates_nobody() {
        for seat in [
            Seat::Light,
            Seat::GridWorker,
            Seat::Assessor,
            Seat::Auditor,
            Seat::Admin,
        ] {
            assert!(!may_rate(seat), "{seat}");
        }
        assert!(may_rate(Seat::GridHead) && may_rate(Seat::Department));
    }
}
