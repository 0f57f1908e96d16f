use super::{super::svg::Look, *};

fn series(name: &str, role: Role, points: &[(f64, f64)]) -> Series {
    Series::new(name, role, points.iter().map(|(x, y)| Point::new(*x, *y)).collect())
}

fn chart(series: Vec<Series>) -> Lines {
    let caption = Caption::new("Accuracy", "Accuracy on dev over steps.");
    Lines { caption, x: Axis::new("step").whole(), y: Axis::new("accuracy, %"), series, cursor: None }
}

fn two() -> Lines {
    let mut student = series("student", Role::Student, &[(0.0, 50.0), (10.0, 70.0), (20.0, 80.0)]);
    student.points[2].interval = Some([78.0, 82.0]);
    chart(vec![student, series("control", Role::Control, &[(0.0, 50.0), (20.0, 60.0)])])
}

fn texts(scene: &Scene) -> Vec<&Words> {
    let words = scene.items.iter().filter_map(|item| match &item.shape {
        Shape::Text(words) => Some(words),
        _ => None,
    });
    words.collect()
}

fn says(scene: &Scene, wanted: &str) -> usize {
    texts(scene).into_iter().filter(|words| words.text == wanted).count()
}

#[test]
fn names_stand_at_the_ends_of_lines_or_in_a_legend() {
    let direct = two().scene(600.0, 300.0);
    let name = |scene: &Scene| texts(scene).into_iter().find(|words| words.text == "student").unwrap().clone();
    assert!(name(&direct).at[0] > 500.0 && says(&direct, "student") == 1);
    // A line that ends early has its name in the legend.
    let mut early = two();
    early.series[1].points.pop();
    assert_eq!(name(&early.scene(600.0, 300.0)).at[0], 36.0);
}

#[test]
fn no_text_is_cut_off_at_any_width() {
    let mut wide = two();
    wide.series[0].name = "a student with a long name of its own".into();
    wide.y = wide.y.with(1e7, "teacher", Role::Teacher);
    for chart in [two(), wide] {
        for width in [280.0, 320.0, 640.0, 1200.0] {
            let scene = chart.scene(width, chart.height(width));
            for words in texts(&scene) {
                let [left, right] = words.ends();
                assert!(left >= -0.1 && right <= width + 0.1, "{width}: {words:?}");
                assert!(words.at[1] > 8.0 && words.at[1] < scene.height, "{width}: {words:?}");
            }
        }
    }
}

#[test]
fn the_table_has_a_row_for_every_x() {
    let table = two().table();
    assert_eq!(table.head, ["step", "student", "student: from", "student: to", "control"]);
    let csv = "step,student,student: from,student: to,control\r\n0,50,,,50\r\n10,70,,,\r\n20,80,78,82,60\r\n";
    assert_eq!(table.csv(), csv);
}

#[test]
fn a_pointer_reads_the_nearest_x() {
    let chart = two();
    let scene = chart.scene(600.0, 300.0);
    let middle = scene.target(1, 0).unwrap();
    let hit = scene.hit([middle.at[0] + 5.0, 100.0]).unwrap();
    assert_eq!(chart.told(&hit), [["step", "10"], ["student", "70"]].map(|pair| pair.map(String::from)));
    assert_eq!(chart.xs(), [0.0, 10.0, 20.0]);
}

#[test]
fn the_cursor_is_at_the_nearest_x_and_says_the_values() {
    let read = Lines { cursor: Some(17.0), ..two() };
    let (bare, scene) = (two().scene(600.0, 300.0), read.scene(600.0, 300.0));
    let overlay = read.overlay(600.0, 300.0);
    assert_eq!(scene.items, [bare.items, overlay.items.clone()].concat());
    assert_eq!(["20", "80", "60"].map(|text| says(&overlay, text)), [1, 1, 1]);
}

#[test]
fn odd_data_make_a_chart_too() {
    let odd: [&[(f64, f64)]; 8] = [
        &[],
        &[(1.0, 2.0)],
        &[(0.0, f64::NAN), (f64::INFINITY, 1.0), (2.0, f64::NEG_INFINITY)],
        &[(0.0, 5.0), (1.0, 5.0)],
        &[(-3.0, -1e-12), (4.0, 1e-12)],
        &[(0.0, -1e200), (1.0, 1e200)],
        &[(0.0, f64::MAX), (1.0, f64::MIN)],
        &[(1e15, 1.0), (1e15 + 1.0, 2.0)],
    ];
    for points in odd {
        for logarithmic in [false, true] {
            let mut chart = chart(vec![series("a", Role::Third, points)]);
            chart.y.logarithmic = logarithmic;
            for width in [280.0, 1200.0] {
                let svg = chart.scene(width, 240.0).svg("f", Look::Page);
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{points:?}: {svg}");
            }
            assert_eq!(chart.table().rows.len(), chart.xs().len());
        }
    }
}

#[test]
fn fifty_thousand_points_are_few_bytes() {
    let points: Vec<(f64, f64)> = (0..50_000).map(|x| (f64::from(x), f64::from(x * 7919 % 1000))).collect();
    let chart = chart(vec![series("loss", Role::Student, &points)]);
    // 600 columns of four points of eleven bytes.
    assert!(chart.scene(600.0, 300.0).svg("f", Look::Page).len() < 40_000);
    assert_eq!(chart.table().rows.len(), 50_000);
}

#[test]
fn the_same_chart_is_the_same_text() {
    let svg = two().scene(320.0, 200.0).svg("f", Look::Page);
    assert_eq!(svg, two().scene(320.0, 200.0).svg("f", Look::Page));
    assert!(!svg.contains("style=") && !svg.contains('#'), "{svg}");
    assert!(svg.contains(r#"class="s-student""#) && svg.contains(r#"class="f-control""#), "{svg}");
}
