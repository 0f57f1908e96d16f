//! Writes `// #each I 4` … `// #end` out: the lines between once for each number below 4, with the number in
//! the place of `$I`; and numbers that have names, `$TM`, wherever they stand.
//!
//! WGSL has no macros, and a software adapter keeps in registers only what has a name of its own.

/// `wgsl` with its repetitions written out. `sizes` gives numbers to names.
///
/// # Panics
/// When a repetition has no end, or its count is neither a number nor a name of `sizes`: a mistake in this
/// crate, found by its tests.
pub fn unroll(wgsl: &str, sizes: &[(&str, usize)]) -> String {
    let lines: Vec<&str> = wgsl.lines().collect();
    let mut text = String::new();
    write(&lines, sizes, &mut text);
    text
}

fn write(lines: &[&str], numbers: &[(&str, usize)], text: &mut String) {
    let mut at = 0;
    while at < lines.len() {
        match lines[at].trim().strip_prefix("// #each ") {
            Some(head) => {
                let (name, count) = head.split_once(' ').unwrap_or_else(|| panic!("`{head}` has no count"));
                let end = at + end(&lines[at..]);
                for number in 0..counted(count, numbers) {
                    let numbers = [numbers, &[(name, number)]].concat();
                    write(&lines[at + 1..end], &numbers, text);
                }
                at = end + 1;
            }
            None => {
                let mut line = lines[at].to_owned();
                for (name, number) in numbers {
                    line = line.replace(&format!("${name}"), &number.to_string());
                }
                text.push_str(&line);
                text.push('\n');
                at += 1;
            }
        }
    }
}

/// Lines from a repetition's head to its end.
fn end(lines: &[&str]) -> usize {
    let mut depth = 0;
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim();
        depth += usize::from(line.starts_with("// #each "));
        depth -= usize::from(line == "// #end");
        if depth == 0 {
            return at;
        }
    }
    panic!("`{}` has no end", lines[0]);
}

fn counted(count: &str, numbers: &[(&str, usize)]) -> usize {
    let named = || numbers.iter().find(|(name, _)| *name == count).map(|(_, size)| *size);
    count.parse().ok().or_else(named).unwrap_or_else(|| panic!("`{count}` is no count"))
}

#[cfg(test)]
mod tests {
    use super::unroll;

    #[test]
    fn repetitions_are_written_out_inside_one_another() {
        let text = "a $N\n// #each I 2\n  b$I\n  // #each J N\n  c$I_$J;\n  // #end\n// #end\nd";
        let wanted = "a 3\n  b0\n  c0_0;\n  c0_1;\n  c0_2;\n  b1\n  c1_0;\n  c1_1;\n  c1_2;\nd\n";
        assert_eq!(unroll(text, &[("N", 3)]), wanted);
    }

    #[test]
    #[should_panic(expected = "has no end")]
    fn a_repetition_without_an_end_is_a_mistake() {
        unroll("// #each I 2\nx", &[]);
    }

    #[test]
    #[should_panic(expected = "`N` is no count")]
    fn an_unknown_count_is_a_mistake() {
        unroll("// #each I N\n// #end", &[]);
    }
}
