use super::{super::svg::Look, *};

fn heat(rows: usize, columns: usize) -> Heat {
    let value = |row: usize, column: usize| (row * columns + column) as f64;
    Heat {
        caption: Caption::new("Heads", "What each head matters."),
        titles: ["layer", "head", "score"].map(String::from),
        rows: (0..rows).map(|row| row.to_string()).collect(),
        columns: (0..columns).map(|column| column.to_string()).collect(),
        values: (0..rows).map(|row| (0..columns).map(|column| value(row, column)).collect()).collect(),
        ..Heat::default()
    }
}

fn svg(heat: &Heat, width: f64) -> String {
    heat.scene(width, heat.height(width)).svg("f", Look::Page)
}

#[test]
fn a_cell_is_as_full_as_its_share_of_the_largest() {
    // 0 to 5: 2 is 0.4 of it.
    let svg = svg(&heat(2, 3), 400.0);
    assert!(svg.contains(r#"<g fill-opacity="0.4" class="f-student"><rect"#), "{svg}");
    assert!(svg.contains("<title>layer 0, head 2: 2</title>"), "{svg}");
}

#[test]
fn below_and_above_zero_have_their_own_colours() {
    let mut heat = heat(1, 2);
    heat.shade = Shade::Diverging(Role::Control, Role::Student);
    heat.values = vec![vec![-1.0, 0.5]];
    let paints = heat.telling(&heat.layout(400.0, 0.0, None), 1.0).into_iter().map(|item| item.paint);
    assert_eq!(paints.collect::<Vec<_>>(), [Paint::tint(Role::Control, 1.0), Paint::tint(Role::Student, 0.5)]);
}

#[test]
fn numbers_are_written_where_they_fit_and_colours_then_are_paler() {
    let numbered = Heat { digits: Some(1), ..heat(2, 3) };
    assert!(svg(&numbered, 400.0).contains(">5.0</text>"));
    assert!(
        svg(&numbered, 400.0).contains(r#"fill-opacity="0.46""#)
            || svg(&numbered, 400.0).contains(r#"fill-opacity="0.44""#)
    );
    let crowded = Heat { digits: Some(3), ..heat(12, 24) };
    assert!(!svg(&crowded, 300.0).contains(">5.000</text>"));
}

#[test]
fn a_cell_is_hit_and_told() {
    let heat = heat(3, 4);
    let scene = heat.scene(400.0, heat.height(400.0));
    let hit = scene.hit(scene.target(2, 1).unwrap().at).unwrap();
    assert_eq!(heat.told(&hit), [["layer", "2"], ["head", "1"], ["score", "9"]].map(|pair| pair.map(String::from)));
    assert_eq!(heat.table().csv().lines().nth(3), Some("2,8,9,10,11"));
}

#[test]
fn tokens_are_slanted_and_end_within_the_figure() {
    let tokens: Vec<String> =
        "the film is a chilling tale of distillation and remarkable patience".split(' ').map(String::from).collect();
    let count = tokens.len();
    let attention = Heat { rows: tokens.clone(), columns: tokens, ..heat(count, count) };
    for width in [280.0, 320.0, 640.0, 1200.0] {
        let scene = attention.scene(width, attention.height(width));
        let slanted = scene.items.iter().filter_map(|item| match &item.shape {
            Shape::Text(words) if words.turn != 0.0 => Some(words),
            _ => None,
        });
        for words in slanted {
            let [left, right] = words.ends();
            let [along, up] =
                [words.turn.to_radians().cos(), -words.turn.to_radians().sin()].map(|part| part * (right - left));
            assert!(left + along <= width && words.at[1] - up > 24.0, "{width}: {words:?}");
        }
    }
}

#[test]
fn thousands_of_neurons_are_few_paths() {
    let neurons = Heat { columns: vec![], ..heat(6, 3072) };
    let svg = svg(&neurons, 640.0);
    // A pixel's column each, of some twenty bytes.
    assert!(svg.len() < 6 * 640 * 30, "{}", svg.len());
    let hit = neurons.scene(640.0, 200.0).target(5, 3071).unwrap();
    assert_eq!(neurons.told(&hit)[2][1], "18431".parse::<f64>().map(number::short).unwrap());
}

#[test]
fn odd_values_are_blank() {
    for values in
        [vec![], vec![vec![]], vec![vec![f64::NAN, 1.0], vec![f64::INFINITY]], vec![vec![0.0]], vec![vec![-2.0]]]
    {
        let odd = Heat { values, rows: vec![], columns: vec![], struck: vec![[0, 0], [9, 9]], ..heat(0, 0) };
        let svg = svg(&odd, 280.0);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
