//! Labels moved apart.

/// Places as near as can be to the wanted ones, none nearer to the next than `gap`, all from `low` to `high`; where
/// there is no room for that, evenly spread. In the order of what was wanted.
pub fn apart(wanted: &[f64], gap: f64, [low, high]: [f64; 2]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    let last = wanted.len().saturating_sub(1) as f64;
    let gap = if last > 0.0 { gap.min((high - low).max(0.0) / last) } else { gap };
    // Groups of labels that touch, each about the mean of what its members want.
    let mut groups: Vec<(f64, usize)> = vec![];
    let top = |(middle, count): (f64, usize)| {
        let half = gap * (count - 1) as f64 / 2.0;
        (middle - half).min(high - 2.0 * half).max(low)
    };
    for &index in &order {
        groups.push((wanted[index], 1));
        while let [.., above, below] = groups[..] {
            if top(below) >= top(above) + gap * above.1 as f64 - 1e-9 {
                break;
            }
            let count = above.1 + below.1;
            let sum = above.0 * above.1 as f64 + below.0 * below.1 as f64;
            groups.truncate(groups.len() - 2);
            groups.push((sum / count as f64, count));
        }
    }
    let placed = groups.iter().flat_map(|group| (0..group.1).map(|place| top(*group) + gap * place as f64));
    let mut out = vec![0.0; wanted.len()];
    for (index, place) in order.into_iter().zip(placed) {
        out[index] = place;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_touches_moves_apart_about_its_middle() {
        // 10 and 14 about 12, ten apart; 50 stays.
        assert_eq!(apart(&[14.0, 50.0, 10.0], 10.0, [0.0, 100.0]), [17.0, 50.0, 7.0]);
        // Three about 20: 10, 20, 30.
        assert_eq!(apart(&[20.0, 20.0, 20.0], 10.0, [0.0, 100.0]), [10.0, 20.0, 30.0]);
    }

    #[test]
    fn nothing_leaves_the_plot() {
        assert_eq!(apart(&[1.0, 2.0], 10.0, [0.0, 100.0]), [0.0, 10.0]);
        assert_eq!(apart(&[99.0, 120.0], 10.0, [0.0, 100.0]), [90.0, 100.0]);
        // No room for ten: five.
        assert_eq!(apart(&[3.0, 2.0, 1.0], 10.0, [0.0, 10.0]), [10.0, 5.0, 0.0]);
        assert!(apart(&[], 10.0, [0.0, 10.0]).is_empty());
    }
}
