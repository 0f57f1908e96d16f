//! Long lines in few points.

/// A line in pixels that looks like the one given: of every pixel's column the first, the lowest, the highest and the
/// last point. Lines that are short, or that go back, stay as they are.
pub fn thinned(line: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let [Some(first), Some(last)] = [line.first(), line.last()] else { return vec![] };
    let columns = (last[0] - first[0]).max(1.0) as usize;
    if line.len() <= 4 * columns || line.windows(2).any(|pair| pair[1][0] < pair[0][0]) {
        return line.to_vec();
    }
    let mut out: Vec<[f64; 2]> = vec![];
    for column in line.chunk_by(|one, other| one[0].floor() == other[0].floor()) {
        let by = |wanted: fn(f64, f64) -> bool| {
            (1..column.len()).fold(0, |best, here| if wanted(column[here][1], column[best][1]) { here } else { best })
        };
        let mut chosen = [0, by(|here, best| here < best), by(|here, best| here > best), column.len() - 1];
        chosen.sort_unstable();
        for (place, index) in chosen.into_iter().enumerate() {
            if place == 0 || index != chosen[place - 1] {
                out.push(column[index]);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_column_the_extremes_stay() {
        let mut line: Vec<[f64; 2]> = (0..100).map(|place| [f64::from(place) / 100.0, 5.0]).collect();
        line[40][1] = 9.0;
        line[60][1] = 1.0;
        line[99][1] = 6.0;
        assert_eq!(thinned(&line), [[0.0, 5.0], [0.4, 9.0], [0.6, 1.0], [0.99, 6.0]]);
    }

    #[test]
    fn fifty_thousand_points_become_four_a_column() {
        let line: Vec<[f64; 2]> = (0..50_000).map(|place| [f64::from(place) * 0.012, f64::from(place % 977)]).collect();
        // 50,000 · 0.012 = 600 columns.
        assert!(thinned(&line).len() <= 4 * 600);
    }

    #[test]
    fn short_lines_and_lines_that_go_back_stay() {
        let short = [[0.0, 1.0], [50.0, 2.0]];
        assert_eq!(thinned(&short), short);
        let back: Vec<[f64; 2]> = (0..100).map(|place| [-f64::from(place % 3), 0.0]).collect();
        assert_eq!(thinned(&back), back);
        assert!(thinned(&[]).is_empty());
    }
}
