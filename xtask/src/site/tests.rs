//! The site as a whole: every article is made, its parts are there, and everything leads somewhere.

use std::{collections::BTreeSet, path::PathBuf};

use super::*;

fn www() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("www")
}

fn site() -> Site {
    Site::read(&www()).unwrap()
}

fn written(site: &Site) -> Vec<Written> {
    site.companions.iter().map(|source| markdown::write(source, &site.math).unwrap()).collect()
}

/// The figures of every companion, in the order of the article.
const FIGURES: [&[&str]; 4] = [
    &["pilot", "plane", "stages", "step", "arms"],
    &["discrepancy", "step", "shrinking", "compaction"],
    &["temperature", "recipes", "step", "gap", "several", "soft"],
    &["tokens", "uncertainty", "split", "step", "bigger", "atkd"],
];

/// What every companion ends with.
const ENDING: [&str; 5] = ["The run file", "The command", "The citation", "What was reproduced here", "What was not"];

/// Every value of an attribute.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let open = format!(" {attribute}=\"");
    html.match_indices(&open)
        .map(|(at, _)| {
            let start = at + open.len();
            &html[start..start + html[start..].find('"').unwrap()]
        })
        .collect()
}

/// Opening and closing tags answer each other.
fn balanced(html: &str) {
    let mut open: Vec<&str> = vec![];
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').unwrap();
        rest = after;
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        let alone =
            ["!doctype", "meta", "link", "img", "br", "hr", "mspace", "wbr"].contains(&name) || tag.ends_with('/');
        match tag.starts_with('/') {
            true => assert_eq!(open.pop(), Some(name), "before {}", &rest[..rest.len().min(60)]),
            false if alone => {}
            false => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn every_page_is_whole() {
    for (name, html) in site().files().unwrap() {
        if name.ends_with(".toml") {
            toml::from_str::<toml::Table>(&html).unwrap_or_else(|error| panic!("{name}: {error}"));
            continue;
        }
        assert!(page::forbidden(&html).is_none(), "{name}");
        balanced(&html);
        let ids = values(&html, "id");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{name}: an id that is there twice: {ids:?}");
        for of in ["aria-labelledby", "href"] {
            for to in values(&html, of)
                .into_iter()
                .filter_map(|to| if of == "href" { to.strip_prefix('#') } else { Some(to) })
            {
                assert!(ids.contains(&to), "{name}: {of} leads to #{to}, which is not there");
            }
        }
        assert_eq!(html.matches("aria-current=\"page\"").count(), 1, "{name}");
        assert_eq!(html.matches("<math ").count(), html.matches("<math alttext=\"").count(), "{name}");
        assert!(!html.contains("{{") && !html.contains("$$"), "{name}");
    }
}

#[test]
fn headings_are_in_order() {
    for (name, html) in site().files().unwrap().iter().filter(|(name, _)| name.ends_with(".html")) {
        let levels: Vec<usize> = html
            .match_indices("<h")
            .filter_map(|(at, _)| html[at + 2..].chars().next()?.to_digit(10))
            .map(|level| level as usize)
            .collect();
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{name}: {levels:?}");
        assert!(levels[0] == 1 && levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{name}: {levels:?}");
    }
}

#[test]
fn companions_have_their_parts() {
    let site = site();
    let mut keys = BTreeSet::new();
    for ((source, written), figures) in site.companions.iter().zip(written(&site)).zip(FIGURES) {
        assert_eq!(written.figures, figures, "{}", source.slug);
        let headings: Vec<&str> = written.contents.iter().map(|(_, text)| text.as_str()).collect();
        assert!(headings.ends_with(&ENDING), "{}: {headings:?}", source.slug);
        assert_eq!(written.runs.len(), 1, "{}", source.slug);
        assert!(!written.keys.is_empty(), "{}", source.slug);
        for key in written.keys {
            assert!(keys.insert(key.clone()), "the key {key} is there twice");
        }
    }
}

#[test]
fn figures_have_pictures_of_their_own() {
    let site = site();
    let mut pictures = BTreeSet::new();
    let files = site.files().unwrap();
    for (name, html) in &files {
        let Some(slug) = name.strip_suffix(".html").filter(|slug| COMPANIONS.contains(slug)) else { continue };
        for (figure, picture) in values(html, "data-figure").into_iter().zip(values(html, "src").into_iter().skip(1)) {
            assert_eq!(picture, format!("./figures/{}.svg", figure.replace('/', "-")));
            assert!(www().join(picture).is_file(), "no {picture}");
            assert!(figure.starts_with(&format!("{slug}/")) && pictures.insert(picture.to_owned()), "{figure}");
        }
    }
    assert_eq!(pictures.len(), FIGURES.iter().map(|figures| figures.len()).sum::<usize>());
}

#[test]
fn a_reader_needs_ten_minutes() {
    let site = site();
    for source in &site.companions {
        let fences = source.body.split("```").step_by(2);
        let count: usize = fences.map(|text| text.split_whitespace().count()).sum();
        assert!((1_200..=1_800).contains(&count), "{}: {count} words", source.slug);
    }
}

#[test]
fn a_link_that_leads_nowhere_names_its_line() {
    let mut site = site();
    site.companions[0].body = site.companions[0].body.replacen("It begins", "[It](./survy.html) begins", 1);
    let said = site.files().unwrap_err().to_string();
    assert!(said.starts_with("www/companions/sparse-teachers.md, line "), "{said}");
    assert!(said.ends_with("wanted a link to a page that there is, or to https://, found `./survy.html`"), "{said}");
    let wanted = 1 + place::lines(
        fs::read_to_string(www().join("companions/sparse-teachers.md")).unwrap().split("It begins").next().unwrap(),
    );
    assert!(said.contains(&format!("line {wanted}:")), "{said}");
    site.companions[0].body = site.companions[0].body.replacen("./survy.html", "./survey.html#nothing", 1);
    assert!(site.files().unwrap_err().to_string().ends_with("wanted an id of survey.html, found `#nothing`"));
}

#[test]
fn a_body_of_html_stands_in_the_shell() {
    let mut site = site();
    let front = "+++\ntitle = \"Retort\"\nshort = \"Start\"\nlede = \"A & b\"\n+++\n";
    let page = |body: &str| Source::parse("www/pages/index.html", &format!("{front}{body}")).unwrap();
    site.pages = vec![page("<h1 id=\"top\">A</h1>\n<p><a href=\"./survey.html#the-table\">b</a></p>\n")];
    let files = site.files().unwrap();
    let html = &files["index.html"];
    assert!(html.contains("<title>Retort</title>") && html.contains("content=\"A &amp; b\""), "{html}");
    assert!(html.contains("<a href=\"./index.html\" aria-current=\"page\">Start</a>"), "{html}");
    assert!(files["survey.html"].contains("<a href=\"./index.html\">Start</a>"));
    site.pages = vec![page("<h1>A</h1>\n<p style=\"b\">c</p>\n")];
    let said = site.files().unwrap_err().to_string();
    assert!(said.starts_with("www/pages/index.html, line 7: wanted no style and no script in a page"), "{said}");
}
