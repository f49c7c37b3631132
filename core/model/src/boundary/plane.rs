//! A flat map in metres around a place: boolean operations and areas are done
//! on it. Over the ten kilometres of a community it is true to a thousandth.

use geo::{Coord, MapCoords as _, MultiPolygon};

/// Semi-major axis of WGS-84, in metres.
const AXIS: f64 = 6_378_137.0;
/// Squared eccentricity of WGS-84.
const ECCENTRICITY: f64 = 0.006_694_379_990_14;

/// The map; its origin is where metres are true.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane {
    origin: Coord<f64>,
    /// Metres per degree, east and north.
    scale: Coord<f64>,
}

impl Plane {
    /// The map around this place, in degrees.
    pub(super) fn around(origin: Coord<f64>) -> Self {
        let sine = origin.y.to_radians().sin();
        let flattening = 1.0 - ECCENTRICITY * sine * sine;
        let prime_vertical = AXIS / flattening.sqrt();
        let meridian = AXIS * (1.0 - ECCENTRICITY) / (flattening * flattening.sqrt());
        Self {
            origin,
            scale: Coord {
                x: (prime_vertical * origin.y.to_radians().cos()).to_radians(),
                y: meridian.to_radians(),
            },
        }
    }

    /// Degrees to metres.
    pub(super) fn flatten(&self, shape: &MultiPolygon<f64>) -> MultiPolygon<f64> {
        shape.map_coords(|place| Coord {
            x: (place.x - self.origin.x) * self.scale.x,
            y: (place.y - self.origin.y) * self.scale.y,
        })
    }

    /// Metres to degrees.
    pub(super) fn degrees(&self, place: Coord<f64>) -> Coord<f64> {
        Coord {
            x: self.origin.x + place.x / self.scale.x,
            y: self.origin.y + place.y / self.scale.y,
        }
    }
}

#[cfg(test)]
mod tests {
    use geo::{Area as _, GeodesicArea as _, polygon};

    use super::*;

    #[test]
    fn areas_of_a_large_community_agree_with_those_on_the_ellipsoid() {
        // About 8 km by 9 km, at both ends of the country.
        for south in [18.2, 36.6, 53.0] {
            let shape: MultiPolygon<f64> = polygon![
                (x: 117.0, y: south), (x: 117.1, y: south),
                (x: 117.09, y: south + 0.08), (x: 117.0, y: south + 0.08),
            ]
            .into();
            let plane = Plane::around(Coord {
                x: 117.05,
                y: south + 0.04,
            });
            let flat = plane.flatten(&shape).unsigned_area();
            let true_area = shape.geodesic_area_unsigned();
            assert!(
                (flat / true_area - 1.0).abs() < 1e-3,
                "{south}: {flat} {true_area}"
            );
            let back = plane.degrees(Coord { x: 0.0, y: 0.0 });
            assert!((back.x - 117.05).abs() < 1e-12);
        }
    }
}
