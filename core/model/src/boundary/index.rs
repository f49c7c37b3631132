//! The grid of a point, without a network: a tree of rectangles, then the
//! boundaries whose rectangle holds the point.

use rstar::{AABB, PointDistance, RTree, RTreeObject};

use super::{Boundary, Location};
use crate::{GridId, LongitudeLatitude};

/// One grid in the tree.
#[derive(Debug, Clone)]
struct Entry {
    grid: GridId,
    boundary: Boundary,
    envelope: AABB<[f64; 2]>,
}

impl RTreeObject for Entry {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.envelope
    }
}

impl PointDistance for Entry {
    fn distance_2(&self, point: &[f64; 2]) -> f64 {
        self.envelope.distance_2(point)
    }
}

/// Many grids, to look points up in.
#[derive(Debug, Clone)]
pub struct GridIndex {
    tree: RTree<Entry>,
}

impl GridIndex {
    /// An index of these grids.
    pub fn new(grids: impl IntoIterator<Item = (GridId, Boundary)>) -> Self {
        let entries = grids
            .into_iter()
            .map(|(grid, boundary)| {
                let bounds = boundary.bounds();
                Entry {
                    grid,
                    envelope: AABB::from_corners(
                        [bounds.west, bounds.south],
                        [bounds.east, bounds.north],
                    ),
                    boundary,
                }
            })
            .collect();
        Self {
            tree: RTree::bulk_load(entries),
        }
    }

    /// How many grids it knows.
    pub fn len(&self) -> usize {
        self.tree.size()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.tree.size() == 0
    }

    /// The grid a point lies in. On a line that several share, and where two
    /// overlap, it is the grid with the lowest id, so that phone and server
    /// answer alike. A hole is outside.
    pub fn locate(&self, point: LongitudeLatitude) -> Option<GridId> {
        let (mut inside, mut edge) = (None, None);
        for entry in self
            .tree
            .locate_all_at_point(&[point.longitude, point.latitude])
        {
            let best = match entry.boundary.locate(point) {
                Location::Inside => &mut inside,
                Location::Edge => &mut edge,
                Location::Outside => continue,
            };
            if best.is_none_or(|best| entry.grid < best) {
                *best = Some(entry.grid);
            }
        }
        inside.or(edge)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{CoordinateSystem, boundary::testing};

    fn grid(number: usize) -> GridId {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
        GridId::from_bytes(bytes)
    }

    fn index(shapes: Vec<Boundary>) -> GridIndex {
        GridIndex::new(shapes.into_iter().enumerate().map(|(n, b)| (grid(n), b)))
    }

    fn boundary(rings: &[[f64; 4]]) -> Boundary {
        let rings = rings.iter().map(|side| testing::rectangle(*side)).collect();
        Boundary::from_rings(&[rings], CoordinateSystem::Wgs84).unwrap()
    }

    #[test]
    fn a_point_is_inside_on_an_edge_in_a_hole_or_outside() {
        let index = index(vec![
            boundary(&[[0.0, 0.0, 300.0, 400.0], [50.0, 50.0, 100.0, 120.0]]),
            boundary(&[[300.0, 0.0, 600.0, 400.0]]),
            boundary(&[[50.0, 50.0, 100.0, 120.0]]),
        ]);
        let at = |x, y| index.locate(testing::place(x, y));
        assert_eq!(at(10.0, 10.0), Some(grid(0)));
        assert_eq!(at(590.0, 390.0), Some(grid(1)));
        assert_eq!(
            at(75.0, 80.0),
            Some(grid(2)),
            "the dedicated grid in the hole"
        );
        assert_eq!(at(700.0, 10.0), None);
        assert_eq!(at(-1.0, 10.0), None);
        assert_eq!(at(300.0, 200.0), Some(grid(0)), "on the line between them");
        assert_eq!(at(300.0, 400.0), Some(grid(0)), "a corner of both");
        assert_eq!(
            at(600.0, 200.0),
            Some(grid(1)),
            "the outer edge belongs to it"
        );
        assert_eq!(at(50.0, 80.0), Some(grid(0)), "the edge of the hole");
    }

    #[test]
    fn a_hole_without_a_grid_of_its_own_is_outside() {
        let index = index(vec![boundary(&[
            [0.0, 0.0, 300.0, 400.0],
            [50.0, 50.0, 100.0, 120.0],
        ])]);
        assert_eq!(index.locate(testing::place(75.0, 80.0)), None);
        assert_eq!(index.len(), 1);
        assert!(!index.is_empty());
    }

    #[test]
    fn an_empty_index_knows_no_place() {
        assert_eq!(index(Vec::new()).locate(testing::place(0.0, 0.0)), None);
    }

    proptest! {
        /// Covered without gap or overlap: each point of the community is in
        /// exactly one grid, whatever order they were put in.
        #[test]
        fn every_point_of_a_community_is_in_one_grid(
            seed in any::<u64>(),
            x in 0.0..1_f64,
            y in 0.0..1_f64,
        ) {
            let (parent, grids) = testing::community(3, 3, 7, seed);
            let bounds = parent.bounds();
            let point = LongitudeLatitude::new(
                bounds.west + (bounds.east - bounds.west) * x,
                bounds.south + (bounds.north - bounds.south) * y,
            );
            let forward = index(grids.clone());
            let mut numbered: Vec<_> = grids.into_iter().enumerate().collect();
            numbered.reverse();
            let backward = GridIndex::new(numbered.into_iter().map(|(n, b)| (grid(n), b)));
            let found = forward.locate(point);
            prop_assert_eq!(found, backward.locate(point));
            prop_assert_eq!(found.is_some(), parent.locate(point) != Location::Outside);
        }
    }
}
