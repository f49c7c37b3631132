//! How a boundary that was drawn fits what is around it: its community and the
//! grids beside it.

use wangge_model::boundary::{Boundary, CoverageFinding, Piece, Tolerance, check_coverage};

/// What a check found.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fit {
    /// What cannot be: it reaches out of its community or over another grid.
    pub(super) problems: Vec<CoverageFinding>,
    /// Ground in no grid, which may be meant.
    pub(super) gaps: Vec<CoverageFinding>,
    /// What is wrong between other grids.
    pub(super) others: Vec<CoverageFinding>,
}

/// Checks `own` among the others; without a community's boundary only against
/// them.
pub(super) fn check(community: Option<&Boundary>, own: &Piece, others: &[Piece]) -> Fit {
    let pieces: Vec<Piece> = std::iter::once(own).chain(others).cloned().collect();
    let around = community.unwrap_or(&own.boundary);
    let found = check_coverage(around, &pieces, &Tolerance::default());
    let mut fit = Fit::default();
    for finding in found.findings {
        let is_own = match &finding {
            CoverageFinding::Outside { name, .. } => *name == own.name,
            CoverageFinding::Overlap { one, two, .. } => *one == own.name || *two == own.name,
            CoverageFinding::NoHole {
                dedicated, around, ..
            } => *dedicated == own.name || *around == own.name,
            CoverageFinding::Gap { .. } => {
                fit.gaps.push(finding);
                continue;
            }
        };
        if is_own {
            fit.problems.push(finding);
        } else if community.is_some() {
            fit.others.push(finding);
        }
    }
    fit
}

#[cfg(test)]
mod tests {
    use super::*;
    use wangge_model::{CoordinateSystem, boundary::testing};

    fn piece(name: &str, sides: [f64; 4]) -> Piece {
        let rings = [vec![testing::rectangle(sides)]];
        Piece {
            name: name.to_owned(),
            attribute: None,
            boundary: Boundary::from_rings(&rings, CoordinateSystem::Wgs84).unwrap(),
        }
    }

    #[test]
    fn what_is_ones_own_stands_in_the_way_and_gaps_may_be_meant() {
        let community = piece("", [0.0, 0.0, 400.0, 200.0]).boundary;
        let left = piece("左", [0.0, 0.0, 200.0, 200.0]);
        let right = piece("右", [200.0, 0.0, 400.0, 200.0]);
        let fits = check(Some(&community), &left, std::slice::from_ref(&right));
        assert_eq!(fits, Fit::default());

        let wide = piece("左", [-50.0, 0.0, 250.0, 200.0]);
        let fit = check(Some(&community), &wide, std::slice::from_ref(&right));
        let codes: Vec<&str> = fit.problems.iter().map(CoverageFinding::code).collect();
        assert_eq!(codes, ["outside", "overlap"]);

        let narrow = piece("左", [0.0, 0.0, 150.0, 200.0]);
        let fit = check(Some(&community), &narrow, std::slice::from_ref(&right));
        assert!(fit.problems.is_empty() && fit.gaps.len() == 1, "{fit:?}");

        // Others that overlap each other are not this grid's fault.
        let third = piece("三", [300.0, 0.0, 400.0, 200.0]);
        let fit = check(Some(&community), &left, &[right.clone(), third]);
        assert!(fit.problems.is_empty() && fit.others.len() == 1, "{fit:?}");
    }

    #[test]
    fn without_a_community_only_neighbours_stand_in_the_way() {
        let right = piece("右", [200.0, 0.0, 400.0, 200.0]);
        let left = piece("左", [0.0, 0.0, 200.0, 200.0]);
        assert_eq!(
            check(None, &left, std::slice::from_ref(&right)),
            Fit::default()
        );
        let wide = piece("左", [0.0, 0.0, 250.0, 200.0]);
        let fit = check(None, &wide, &[right]);
        assert_eq!(fit.problems.len(), 1, "{fit:?}");
        assert!(fit.gaps.is_empty() && fit.others.is_empty());
    }
}
