//! `retort devices`: what can compute here.

use retort_core::{
    Result,
    platform::{self, Adapter, DeviceChoice},
};

use super::{Exit, out};

/// Lists what can compute here.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// One adapter a line, as JSON
    #[arg(long)]
    json: bool,
}

/// Prints every adapter with its limits and features, and what `auto` would take.
pub async fn run(arguments: &Arguments) -> Result<Exit> {
    let adapters = platform::adapters().await?;
    for adapter in &adapters {
        if arguments.json {
            out::json(adapter)?;
        } else {
            describe(adapter)?;
        }
    }
    if !arguments.json {
        let chosen = platform::open(DeviceChoice::Auto).await?.adapter;
        out::line(format!("--device auto takes {chosen}: {}.", chosen.note))?;
    }
    Ok(Exit::Fine)
}

fn describe(adapter: &Adapter) -> Result<()> {
    let row =
        |name: &str, value: &str| if value.is_empty() { Ok(()) } else { out::line(format!("  {name:<10}{value}")) };
    out::line(&adapter.name)?;
    row("device", &format!("--device {}", adapter.api))?;
    let software = if adapter.software { " (imitates a graphics adapter on the CPU)" } else { "" };
    row("kind", &format!("{}{software}", adapter.kind))?;
    row("driver", &adapter.driver)?;
    row("features", &of_compute(&adapter.features).join(", "))?;
    if adapter.limits.is_empty() {
        return out::line("");
    }
    out::line("  limits")?;
    for (name, value) in &adapter.limits {
        let value =
            if name.contains("size") && *value >= 1 << 20 { out::bytes(*value) } else { out::thousands(*value) };
        out::line(format!("    {name:<40}{value:>12}"))?;
    }
    out::line("")
}

/// The features that kernels can use, without those of drawing. JSON has them all.
fn of_compute(features: &[String]) -> Vec<&str> {
    let known = ["shader-f16", "shader-f64", "shader-i", "float32-atomic", "subgroup", "timestamp-query"];
    features.iter().map(String::as_str).filter(|feature| known.iter().any(|known| feature.contains(known))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_of_drawing_are_left_out() {
        let features = ["shader-f16", "dual-source-blending", "wgpu-subgroup-barrier"].map(String::from);
        assert_eq!(of_compute(&features), ["shader-f16", "wgpu-subgroup-barrier"]);
    }
}
