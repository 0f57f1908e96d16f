//! What a shape stands for, which decides its colour: a class on the page, a fixed colour in print.

use super::mark::{Dash, Mark};

/// What a shape stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The model that teaches.
    Teacher,
    /// The model that learns.
    Student,
    /// The student's untaught twin.
    Control,
    /// A further series.
    Third,
    /// A further series.
    Fourth,
    /// A further series.
    Fifth,
    /// What is chosen, or where one is.
    Accent,
    /// What is of less weight: axes, notes.
    Quiet,
    /// Lines to read values by.
    Grid,
    /// Text.
    Ink,
    /// What everything is drawn on.
    Ground,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Teacher,
        Self::Student,
        Self::Control,
        Self::Third,
        Self::Fourth,
        Self::Fifth,
        Self::Accent,
        Self::Quiet,
        Self::Grid,
        Self::Ink,
        Self::Ground,
    ];

    /// The role of the series at `place` among series that have none of their own.
    pub fn of(place: usize) -> Self {
        [Self::Student, Self::Control, Self::Third, Self::Teacher, Self::Fourth, Self::Fifth][place % 6]
    }

    /// Its name in the page's classes: `s-NAME` strokes and `f-NAME` fills in its colour.
    pub fn name(self) -> &'static str {
        match self {
            Self::Teacher => "teacher",
            Self::Student => "student",
            Self::Control => "control",
            Self::Third => "third",
            Self::Fourth => "fourth",
            Self::Fifth => "fifth",
            Self::Accent => "accent",
            Self::Quiet => "quiet",
            Self::Grid => "grid",
            Self::Ink => "ink",
            Self::Ground => "ground",
        }
    }

    /// Its colour in print, on white.
    pub fn print(self) -> &'static str {
        match self {
            Self::Teacher => "#3f2170",
            Self::Student | Self::Accent => "#0b5cad",
            Self::Control => "#a8480a",
            Self::Third => "#17745c",
            Self::Fourth => "#8a6100",
            Self::Fifth => "#a3286f",
            Self::Quiet => "#59626b",
            Self::Grid => "#e3e7eb",
            Self::Ink => "#1b1f23",
            Self::Ground => "#ffffff",
        }
    }

    /// How its lines are broken, so that no line is told by its colour alone.
    pub fn dash(self) -> Dash {
        match self {
            Self::Teacher => Dash::Long,
            Self::Control => Dash::Short,
            Self::Third => Dash::Dotted,
            Self::Fourth => Dash::Mixed,
            _ => Dash::Solid,
        }
    }

    /// What its points are marked with.
    pub fn mark(self) -> Mark {
        match self {
            Self::Teacher => Mark::Diamond,
            Self::Control => Mark::Square,
            Self::Third => Mark::Triangle,
            Self::Fourth => Mark::Cross,
            Self::Fifth => Mark::Ring,
            _ => Mark::Disc,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::heat::READABLE, *};

    /// Channels of `#rrggbb` as light, 0 to 1.
    fn light(colour: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| {
            let share = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// Contrast as WCAG 2.2 has it.
    fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
        let [one, other] = [one, other].map(|[red, green, blue]| 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
        one.max(other) / one.min(other)
    }

    /// What an eye without red or without green cones makes of a colour (Machado, Oliveira, Fernandes 2009).
    fn seen(light: [f64; 3], by: [[f64; 3]; 3]) -> [f64; 3] {
        by.map(|row| row.iter().zip(light).map(|(weight, light)| weight * light).sum::<f64>().max(0.0))
    }

    const PROTANOPIA: [[f64; 3]; 3] =
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
    const DEUTERANOPIA: [[f64; 3]; 3] =
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];

    #[test]
    fn contrast_is_told_as_by_hand() {
        // (1 + 0.05) / (0 + 0.05).
        assert!((contrast(light("#ffffff"), light("#000000")) - 21.0).abs() < 1e-9);
    }

    #[test]
    fn everything_but_the_grid_can_be_read_on_white() {
        for role in Role::ALL.into_iter().filter(|role| ![Role::Grid, Role::Ground].contains(role)) {
            let contrast = contrast(light(role.print()), light(Role::Ground.print()));
            // Graphics need 3 : 1, text 4.5 : 1, and a series' label is text in its colour.
            assert!(contrast >= 4.5, "{role:?}: {contrast:.2}");
        }
    }

    #[test]
    fn ink_can_be_read_on_cells_with_numbers() {
        let ink = light(Role::Ink.print());
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Ink) {
            // Mixed channel by channel as browsers mix them, before they are light.
            let channel = |colour: &str, at: usize| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap());
            let mixed =
                [1, 3, 5].map(|at| (READABLE * channel(role.print(), at) + (1.0 - READABLE) * 255.0).round() as u8);
            let contrast = contrast(ink, light(&format!("#{:02x}{:02x}{:02x}", mixed[0], mixed[1], mixed[2])));
            assert!(contrast >= 4.5, "{role:?}: {contrast:.2}");
        }
    }

    #[test]
    fn teacher_student_and_control_are_apart_for_colour_blind_eyes() {
        // A hue of its own, or a lightness of its own: channels, as they are seen, differ by a tenth at least.
        let pairs = [(Role::Teacher, Role::Student), (Role::Student, Role::Control), (Role::Teacher, Role::Control)];
        for (one, other) in pairs {
            for by in [PROTANOPIA, DEUTERANOPIA] {
                let [a, b] = [one, other].map(|role| seen(light(role.print()), by));
                let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(apart > 0.1, "{one:?}, {other:?}: {apart:.3}");
            }
        }
    }

    #[test]
    fn the_style_sheet_colours_every_role() {
        let sheet = include_str!("../../../www/style.css");
        for role in Role::ALL {
            for way in ["s", "f"] {
                let class = format!(".{way}-{} ", role.name());
                assert!(sheet.contains(&class), "no {class}");
            }
        }
    }
}
