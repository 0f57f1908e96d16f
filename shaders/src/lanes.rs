//! Rows that one invocation sees alone, or 64 together.

use crate::Kernel;

/// `wgsl` with `#lanes` in its place: on adapters that imitate a graphics device every invocation has rows
/// of its own, for meeting costs them more than the row.
pub fn write(wgsl: &str, imitated: bool) -> String {
    let lanes = match imitated {
        true => include_str!("shared/alone.wgsl"),
        false => include_str!("shared/sixty_four.wgsl"),
    };
    wgsl.replace("// #lanes", lanes)
}

/// Workgroups of 64 for so many rows.
pub fn groups(rows: usize, imitated: bool) -> [u32; 3] {
    crate::grid(if imitated { rows.div_ceil(64) } else { rows })
}

/// Of a kernel's two forms, alone and together, the one for the adapter, and its workgroups for so many rows.
pub fn choose(forms: &'static [Kernel; 2], rows: usize, imitated: bool) -> (&'static Kernel, [u32; 3]) {
    (&forms[usize::from(!imitated)], groups(rows, imitated))
}
