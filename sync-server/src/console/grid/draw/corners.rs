//! Boundaries as text that people and the drawing script write: a corner a line,
//! degrees east and north. An empty line begins another part, a line of one
//! hyphen a hole in the part above it.

use wangge_model::{LongitudeLatitude, boundary::Boundary};

/// Begins a hole.
const HOLE: &str = "-";

/// A boundary as text; the corner that closes a ring is left out.
pub(crate) fn to_text(boundary: &Boundary) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (part, rings) in boundary.rings().enumerate() {
        for (ring, line) in rings.enumerate() {
            if ring > 0 {
                lines.push(HOLE.to_owned());
            } else if part > 0 {
                lines.push(String::new());
            }
            let corners: Vec<_> = line.coords().collect();
            let open = corners.len().saturating_sub(1);
            lines.extend(
                corners
                    .iter()
                    .take(open)
                    .map(|corner| format!("{:.7}, {:.7}", corner.x, corner.y)),
            );
        }
    }
    lines.join("\n")
}

/// Polygons, of each its rings, outline first, closed; or the number of the line
/// that is no corner.
pub(crate) fn from_text(text: &str) -> Result<Vec<Vec<Vec<LongitudeLatitude>>>, usize> {
    let mut polygons: Vec<Vec<Vec<LongitudeLatitude>>> = Vec::new();
    let mut is_new_part = true;
    for (line, number) in text.lines().map(str::trim).zip(1_usize..) {
        if line.is_empty() {
            is_new_part = true;
            continue;
        }
        if line == HOLE {
            // A hole without a part around it is none.
            polygons.last_mut().ok_or(number)?.push(Vec::new());
            is_new_part = false;
            continue;
        }
        let corner = corner(line).ok_or(number)?;
        if is_new_part {
            polygons.push(vec![Vec::new()]);
            is_new_part = false;
        }
        if let Some(ring) = polygons.last_mut().and_then(|rings| rings.last_mut()) {
            ring.push(corner);
        }
    }
    for ring in polygons.iter_mut().flatten() {
        if let Some(first) = ring.first().copied()
            && ring.last() != Some(&first)
        {
            ring.push(first);
        }
    }
    Ok(polygons)
}

fn corner(line: &str) -> Option<LongitudeLatitude> {
    let half_width = wangge_model::text::to_half_width(line);
    let mut numbers = half_width
        .split([',', ' ', '\t'])
        .filter(|part| !part.is_empty())
        .map(str::parse::<f64>);
    let (Some(Ok(longitude)), Some(Ok(latitude)), None) =
        (numbers.next(), numbers.next(), numbers.next())
    else {
        return None;
    };
    Some(LongitudeLatitude::new(longitude, latitude))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wangge_model::{CoordinateSystem, boundary::testing};

    fn read(text: &str) -> Boundary {
        Boundary::from_rings(&from_text(text).unwrap(), CoordinateSystem::Wgs84).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let (community, grids) = testing::community(2, 2, 5, 3);
        for boundary in std::iter::once(&community).chain(&grids) {
            assert_eq!(&read(&to_text(boundary)), boundary);
        }
    }

    #[test]
    fn parts_and_holes_are_told_apart() {
        let text = "117.000，36.000\n117.010 36.000\n117.010, 36.010\n117.000, 36.010\n-\n\
             117.002, 36.002\n117.004, 36.002\n117.004, 36.004\n\n\
             117.020, 36.000\n117.030, 36.000\n117.030, 36.010\n";
        let polygons = from_text(text).unwrap();
        let corners: Vec<Vec<usize>> = polygons
            .iter()
            .map(|rings| rings.iter().map(Vec::len).collect())
            .collect();
        assert_eq!(corners, [vec![5, 4], vec![4]], "closing corners counted");
        let boundary = read(text);
        assert_eq!(read(&to_text(&boundary)), boundary);
    }

    #[test]
    fn the_line_that_is_no_corner_is_named() {
        assert_eq!(from_text("117, 36\n117"), Err(2));
        assert_eq!(from_text("117, 36, 5"), Err(1));
        assert_eq!(from_text("-"), Err(1));
        assert_eq!(from_text("东经117, 36"), Err(1));
        assert_eq!(from_text(" \n"), Ok(Vec::new()));
    }
}
