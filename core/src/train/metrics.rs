//! d
/// d
pub fn wilson(right: usize, n: usize) -> [f64; 2] {
    let (p, n, z) = (right as f64 / n as f64, n as f64, 1.96);
    let c = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let h = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    [c - h, c + h]
}
/// d
pub fn f1(_: &[usize], _: &[usize]) -> f64 {
    0.0
}
/// d
pub fn matthews(_: &[usize], _: &[usize]) -> f64 {
    0.0
}
