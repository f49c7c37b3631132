//! Points on the map and the three coordinate systems of Chinese maps.
//!
//! Sources: WGS-84 is what phones and browsers give (W3C Geolocation); GCJ-02 is
//! what `AMap` and Tencent show, BD-09 what Baidu shows. The GCJ-02 formula is
//! unofficial but agreed on by every public implementation to 1e-7 degrees.
//! CGCS2000 (Tianditu, government base maps) differs from WGS-84 by less than
//! any phone can measure and is treated as the same.
//!
//! The rule: store and measure in WGS-84 only, convert when drawing on a map or
//! importing from one.

use std::f64::consts::PI;

use geo::{Distance, Haversine};
use thiserror::Error;

/// Western and eastern bounds of a storable point, in degrees.
const LONGITUDE_RANGE: (f64, f64) = (73.0, 136.0);

/// Southern and northern bounds of a storable point, in degrees.
const LATITUDE_RANGE: (f64, f64) = (3.0, 54.0);

/// Rectangle outside of which GCJ-02 equals WGS-84, as the public
/// implementations have it: west, east, south, north.
const SHIFTED_AREA: (f64, f64, f64, f64) = (72.004, 137.8347, 0.8293, 55.8271);

/// Semi-major axis of the ellipsoid of Krasovsky, in metres, which GCJ-02 uses.
const KRASOVSKY_AXIS: f64 = 6_378_245.0;

/// Squared eccentricity of that ellipsoid.
const KRASOVSKY_ECCENTRICITY: f64 = 0.006_693_421_622_965_943;

/// Where the shift polynomial of GCJ-02 has its origin, in degrees.
const SHIFT_ORIGIN: (f64, f64) = (105.0, 35.0);

/// Wave number of the BD-09 distortion, per degree.
const BAIDU_WAVE: f64 = PI * 3000.0 / 180.0;

/// Offset of BD-09, longitude and latitude, in degrees.
const BAIDU_OFFSET: (f64, f64) = (0.0065, 0.006);

/// The inverse stops when a step is below this, in degrees (about 0.1 mm).
const INVERSE_PRECISION: f64 = 1e-9;

/// The inverse needs four or five steps; more means it does not converge.
const INVERSE_STEPS: usize = 20;

/// A system of coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CoordinateSystem {
    /// GNSS and everything stored.
    Wgs84,
    /// `AMap`, Tencent.
    Gcj02,
    /// Baidu.
    Bd09,
}

/// A word that names no system.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no such coordinate system: {0:?}")]
pub struct UnknownCoordinateSystem(pub String);

impl std::str::FromStr for CoordinateSystem {
    type Err = UnknownCoordinateSystem;

    /// `wgs84`, `gcj02` or `bd09`, as files and the command line write it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().replace('-', "").as_str() {
            "wgs84" | "cgcs2000" => Ok(Self::Wgs84),
            "gcj02" => Ok(Self::Gcj02),
            "bd09" => Ok(Self::Bd09),
            _ => Err(UnknownCoordinateSystem(text.chars().take(32).collect())),
        }
    }
}

/// Why a point cannot be stored.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum PointError {
    /// Not a number, or infinite.
    #[error("coordinate is not a number")]
    NotANumber,
    /// Longitude 0, latitude 0: what a phone without a fix reports.
    #[error("the point is 0, 0")]
    Zero,
    /// Outside 73 to 136 degrees east, 3 to 54 degrees north.
    #[error("the point is outside China")]
    OutsideChina,
    /// A negative or infinite accuracy.
    #[error("accuracy must be a number of metres, 0 or more")]
    AccuracyInvalid,
}

impl PointError {
    /// Stable name of the error, for message files and interfaces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotANumber => "point_not_a_number",
            Self::Zero => "point_zero",
            Self::OutsideChina => "point_outside_china",
            Self::AccuracyInvalid => "point_accuracy_invalid",
        }
    }

    /// Named values for the message of [`Self::code`]; there are none.
    pub const fn arguments(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// A pair of degrees in a stated or implied system; may lie anywhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LongitudeLatitude {
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
}

impl LongitudeLatitude {
    /// A pair, longitude first.
    pub const fn new(longitude: f64, latitude: f64) -> Self {
        Self {
            longitude,
            latitude,
        }
    }

    /// The same place in another system. Forward conversions agree with the
    /// public ones to 1e-6 degrees; inverse ones are iterated to 0.1 m.
    #[must_use]
    pub fn convert(self, from: CoordinateSystem, to: CoordinateSystem) -> Self {
        use CoordinateSystem::{Bd09, Gcj02, Wgs84};
        match (from, to) {
            (Wgs84, Wgs84) | (Gcj02, Gcj02) | (Bd09, Bd09) => self,
            (Wgs84, Gcj02) => wgs84_to_gcj02(self),
            (Gcj02, Bd09) => gcj02_to_bd09(self),
            (Wgs84, Bd09) => gcj02_to_bd09(wgs84_to_gcj02(self)),
            (Bd09, Gcj02) => invert(self, gcj02_to_bd09),
            (Gcj02, Wgs84) => invert(self, wgs84_to_gcj02),
            (Bd09, Wgs84) => invert(invert(self, gcj02_to_bd09), wgs84_to_gcj02),
        }
    }

    /// Distance in metres over the sphere of mean radius; good to 0.5 %.
    pub fn distance_m(self, other: Self) -> f64 {
        Haversine.distance(
            geo::Point::new(self.longitude, self.latitude),
            geo::Point::new(other.longitude, other.latitude),
        )
    }
}

/// A place in China in WGS-84, as records store it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Degrees east, 73 to 136.
    pub longitude: f64,
    /// Degrees north, 3 to 54.
    pub latitude: f64,
    /// Radius in metres within which the place is, if the device told.
    pub accuracy_m: Option<f64>,
}

impl Point {
    /// Checks and makes a point from WGS-84 degrees.
    pub fn new(longitude: f64, latitude: f64, accuracy_m: Option<f64>) -> Result<Self, PointError> {
        let point = Self {
            longitude,
            latitude,
            accuracy_m,
        };
        point.check()?;
        Ok(point)
    }

    /// Checks and makes a point from degrees of another system, as an imported
    /// map gives them.
    pub fn from_system(
        system: CoordinateSystem,
        place: LongitudeLatitude,
        accuracy_m: Option<f64>,
    ) -> Result<Self, PointError> {
        if !(place.longitude.is_finite() && place.latitude.is_finite()) {
            return Err(PointError::NotANumber);
        }
        if is_zero(place) {
            return Err(PointError::Zero);
        }
        let wgs84 = place.convert(system, CoordinateSystem::Wgs84);
        Self::new(wgs84.longitude, wgs84.latitude, accuracy_m)
    }

    /// Whether the point may be stored.
    pub fn check(&self) -> Result<(), PointError> {
        let within = |value, (low, high): (f64, f64)| (low..=high).contains(&value);
        if !(self.longitude.is_finite() && self.latitude.is_finite()) {
            return Err(PointError::NotANumber);
        }
        if is_zero(self.longitude_latitude()) {
            return Err(PointError::Zero);
        }
        if !(within(self.longitude, LONGITUDE_RANGE) && within(self.latitude, LATITUDE_RANGE)) {
            return Err(PointError::OutsideChina);
        }
        match self.accuracy_m {
            Some(metres) if !metres.is_finite() || metres < 0.0 => Err(PointError::AccuracyInvalid),
            _ => Ok(()),
        }
    }

    /// The degrees for a map drawn in `system`.
    pub fn to_system(&self, system: CoordinateSystem) -> LongitudeLatitude {
        self.longitude_latitude()
            .convert(CoordinateSystem::Wgs84, system)
    }

    /// The degrees without the accuracy.
    pub const fn longitude_latitude(&self) -> LongitudeLatitude {
        LongitudeLatitude::new(self.longitude, self.latitude)
    }

    /// Distance in metres, see [`LongitudeLatitude::distance_m`].
    pub fn distance_m(&self, other: &Self) -> f64 {
        self.longitude_latitude()
            .distance_m(other.longitude_latitude())
    }
}

fn is_zero(place: LongitudeLatitude) -> bool {
    place.longitude.abs() < f64::EPSILON && place.latitude.abs() < f64::EPSILON
}

fn wgs84_to_gcj02(place: LongitudeLatitude) -> LongitudeLatitude {
    let (west, east, south, north) = SHIFTED_AREA;
    let shifted =
        (west..=east).contains(&place.longitude) && (south..=north).contains(&place.latitude);
    if !shifted {
        return place;
    }
    let (x, y) = (
        place.longitude - SHIFT_ORIGIN.0,
        place.latitude - SHIFT_ORIGIN.1,
    );
    let (east_shift, north_shift) = (east_shift(x, y), north_shift(x, y));
    // The shifts are lengths on the ellipsoid; turn them into degrees there.
    let sine = place.latitude.to_radians().sin();
    let flattening = 1.0 - KRASOVSKY_ECCENTRICITY * sine * sine;
    let prime_vertical = KRASOVSKY_AXIS / flattening.sqrt();
    let meridian =
        KRASOVSKY_AXIS * (1.0 - KRASOVSKY_ECCENTRICITY) / (flattening * flattening.sqrt());
    let parallel = prime_vertical * place.latitude.to_radians().cos();
    LongitudeLatitude::new(
        place.longitude + (east_shift / parallel).to_degrees(),
        place.latitude + (north_shift / meridian).to_degrees(),
    )
}

/// Ripples both shifts share: periods of a third of a degree and one degree.
fn fine_ripple(x: f64) -> f64 {
    (20.0 * (6.0 * PI * x).sin() + 20.0 * (2.0 * PI * x).sin()) * 2.0 / 3.0
}

fn east_shift(x: f64, y: f64) -> f64 {
    let plane = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * x.abs().sqrt();
    let middle = (20.0 * (PI * x).sin() + 40.0 * (PI * x / 3.0).sin()) * 2.0 / 3.0;
    let wide = (150.0 * (PI * x / 12.0).sin() + 300.0 * (PI * x / 30.0).sin()) * 2.0 / 3.0;
    plane + fine_ripple(x) + middle + wide
}

fn north_shift(x: f64, y: f64) -> f64 {
    let plane = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * x.abs().sqrt();
    let middle = (20.0 * (PI * y).sin() + 40.0 * (PI * y / 3.0).sin()) * 2.0 / 3.0;
    let wide = (160.0 * (PI * y / 12.0).sin() + 320.0 * (PI * y / 30.0).sin()) * 2.0 / 3.0;
    plane + fine_ripple(x) + middle + wide
}

fn gcj02_to_bd09(place: LongitudeLatitude) -> LongitudeLatitude {
    let (x, y) = (place.longitude, place.latitude);
    let radius = x.hypot(y) + 0.000_02 * (y * BAIDU_WAVE).sin();
    let angle = y.atan2(x) + 0.000_003 * (x * BAIDU_WAVE).cos();
    LongitudeLatitude::new(
        radius * angle.cos() + BAIDU_OFFSET.0,
        radius * angle.sin() + BAIDU_OFFSET.1,
    )
}

/// The place that `forward` takes to `target`. Both shifts change slowly, so
/// correcting a guess by its own error converges by a factor of about 1,000 a
/// step; the one-step inverse of other implementations is up to 3 m off.
fn invert(
    target: LongitudeLatitude,
    forward: impl Fn(LongitudeLatitude) -> LongitudeLatitude,
) -> LongitudeLatitude {
    let mut guess = target;
    for _ in 0..INVERSE_STEPS {
        let reached = forward(guess);
        let (dx, dy) = (
            target.longitude - reached.longitude,
            target.latitude - reached.latitude,
        );
        guess.longitude += dx;
        guess.latitude += dy;
        if dx.abs() < INVERSE_PRECISION && dy.abs() < INVERSE_PRECISION {
            break;
        }
    }
    guess
}

#[cfg(test)]
mod tests {
    use CoordinateSystem::{Bd09, Gcj02, Wgs84};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    struct Vector {
        name: String,
        wgs84: LongitudeLatitude,
        gcj02: LongitudeLatitude,
        bd09: LongitudeLatitude,
        shift_m: f64,
        baidu_shift_m: f64,
    }

    fn vectors() -> Vec<Vector> {
        let file: Value =
            serde_json::from_str(include_str!("../vectors/test_vectors.json")).unwrap();
        let pair = |value: &Value| {
            LongitudeLatitude::new(value[0].as_f64().unwrap(), value[1].as_f64().unwrap())
        };
        let list = file["coordinates"].as_array().unwrap();
        list.iter()
            .map(|vector| Vector {
                name: vector["name"].as_str().unwrap().to_owned(),
                wgs84: pair(&vector["wgs84"]),
                gcj02: pair(&vector["gcj02"]),
                bd09: pair(&vector["bd09"]),
                shift_m: vector["offset_m_wgs_gcj"].as_f64().unwrap(),
                baidu_shift_m: vector["offset_m_gcj_bd"].as_f64().unwrap(),
            })
            .collect()
    }

    fn assert_near(found: LongitudeLatitude, expected: LongitudeLatitude, name: &str) {
        assert!(
            (found.longitude - expected.longitude).abs() < 1e-6
                && (found.latitude - expected.latitude).abs() < 1e-6,
            "{name}: {found:?} is not {expected:?}"
        );
    }

    #[test]
    fn every_vector_converts_forward_within_a_millionth_of_a_degree() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 11);
        for vector in vectors {
            assert_near(
                vector.wgs84.convert(Wgs84, Gcj02),
                vector.gcj02,
                &vector.name,
            );
            assert_near(vector.gcj02.convert(Gcj02, Bd09), vector.bd09, &vector.name);
            assert_near(vector.wgs84.convert(Wgs84, Bd09), vector.bd09, &vector.name);
        }
    }

    #[test]
    fn every_vector_converts_back_within_a_tenth_of_a_metre() {
        for vector in vectors() {
            for (place, system, expected, target) in [
                (vector.gcj02, Gcj02, vector.wgs84, Wgs84),
                (vector.bd09, Bd09, vector.gcj02, Gcj02),
                (vector.bd09, Bd09, vector.wgs84, Wgs84),
            ] {
                let error_m = place.convert(system, target).distance_m(expected);
                assert!(
                    error_m < 0.1,
                    "{} from {system:?}: {error_m} m",
                    vector.name
                );
            }
        }
    }

    #[test]
    fn distances_agree_with_the_published_shifts() {
        for vector in vectors() {
            let shift = vector.wgs84.distance_m(vector.gcj02);
            let baidu_shift = vector.gcj02.distance_m(vector.bd09);
            for (found, expected) in [(shift, vector.shift_m), (baidu_shift, vector.baidu_shift_m)]
            {
                let tolerance = 0.2 + expected * 0.003;
                assert!(
                    (found - expected).abs() < tolerance,
                    "{}: {found}",
                    vector.name
                );
            }
        }
    }

    #[test]
    fn points_that_cannot_be_in_china_are_refused() {
        let make = |longitude, latitude| Point::new(longitude, latitude, None).map(|_| ());
        assert_eq!(make(117.0, 36.6), Ok(()));
        assert_eq!(make(0.0, 0.0), Err(PointError::Zero));
        assert_eq!(make(36.6, 117.0), Err(PointError::OutsideChina), "swapped");
        assert_eq!(make(139.767_125, 35.681_236), Err(PointError::OutsideChina));
        assert_eq!(make(f64::NAN, 36.6), Err(PointError::NotANumber));
        assert_eq!(make(117.0, f64::INFINITY), Err(PointError::NotANumber));
        let zero = LongitudeLatitude::new(0.0, 0.0);
        assert_eq!(Point::from_system(Bd09, zero, None), Err(PointError::Zero));
    }

    #[test]
    fn every_place_of_the_vectors_inside_china_can_be_stored_from_any_system() {
        for vector in vectors()
            .into_iter()
            .filter(|v| !v.name.contains("outside"))
        {
            for (system, place) in [
                (Wgs84, vector.wgs84),
                (Gcj02, vector.gcj02),
                (Bd09, vector.bd09),
            ] {
                let point = Point::from_system(system, place, Some(5.0)).unwrap();
                assert!(point.longitude_latitude().distance_m(vector.wgs84) < 0.1);
                assert!(point.to_system(system).distance_m(place) < 0.1);
            }
        }
    }

    #[test]
    fn accuracy_is_a_number_of_metres() {
        let make = |metres| Point::new(117.0, 36.6, Some(metres)).map(|_| ());
        assert_eq!(make(0.0), Ok(()));
        assert_eq!(make(35.5), Ok(()));
        for metres in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(make(metres), Err(PointError::AccuracyInvalid));
        }
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_place(
            longitude in 73.0..136.0f64,
            latitude in 3.0..54.0f64,
        ) {
            let place = LongitudeLatitude::new(longitude, latitude);
            for system in [Gcj02, Bd09] {
                let back = place.convert(Wgs84, system).convert(system, Wgs84);
                prop_assert!(place.distance_m(back) < 0.1, "{:?} {:?}", system, back);
            }
        }
    }
}
