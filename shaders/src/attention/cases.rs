//! Attention's cases: few and many rows, masks of texts and of queries, shared keys, dropout.

use super::{Inputs, Placed, Plan, Setting, Sizes, forward as context, groups_means, info, info_means, slopes};
use crate::{Case, noise, words};

/// One of them, with its numbers.
struct Scene {
    sizes: Sizes,
    setting: Setting,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    mask: Vec<f32>,
    strides: [usize; 2],
    up: Vec<f32>,
}

fn scenes(size: usize) -> Vec<Scene> {
    let sizes = |texts, heads, groups, queries, keys| Sizes { texts, heads, groups, queries, keys, size };
    let all = [
        (sizes(1, 1, 1, 1, 1), 0.0, [true, false]),
        (sizes(2, 2, 2, 5, 7), 0.0, [true, false]),
        (sizes(2, 4, 2, 9, 6), 0.2, [true, true]),
        (sizes(1, 2, 1, 70, 67), 0.1, [false, true]),
    ];
    all.into_iter().map(|(sizes, p, by)| Scene::of(sizes, p, by)).collect()
}

impl Scene {
    fn of(sizes: Sizes, p: f64, [by_text, by_row]: [bool; 2]) -> Self {
        let Sizes { texts, heads, groups, queries, keys, size } = sizes;
        let masks = if by_text { texts } else { 1 } * if by_row { queries } else { 1 };
        // A query always sees its first key.
        let hides = noise(4, masks * keys)
            .into_iter()
            .enumerate()
            .map(|(at, x)| if at % keys > 0 && x > 0.5 { -1e9 } else { 0.0 });
        Self {
            sizes,
            setting: Setting { divisor: (size as f64).sqrt(), p, seed: 11 },
            q: noise(1, texts * queries * heads * size).into_iter().map(|x| 3.0 * x).collect(),
            k: noise(2, texts * keys * groups * size),
            v: noise(3, texts * keys * groups * size),
            mask: hides.collect(),
            strides: sizes.mask(by_text, by_row),
            up: noise(5, texts * queries * heads * size),
        }
    }

    fn inputs(&self) -> Inputs<'_> {
        let Sizes { heads, groups, queries, keys, .. } = self.sizes;
        let [of_queries, of_keys] = [self.sizes.turns(queries, heads), self.sizes.turns(keys, groups)];
        let [q, k, v] = [(&self.q, of_queries), (&self.k, of_keys), (&self.v, of_keys)].map(|(x, lie)| Placed(x, lie));
        Inputs { q, k, v, mask: &self.mask, strides: self.strides }
    }

    fn up(&self) -> Placed<'_> {
        Placed(&self.up, self.sizes.turns(self.sizes.queries, self.sizes.heads))
    }

    fn context(&self) -> [Vec<f64>; 2] {
        context(self.inputs(), self.sizes, self.setting)
    }

    fn logs(&self) -> Vec<f32> {
        self.context()[1].iter().map(|&log| log as f32).collect()
    }

    /// What the means kernel makes.
    fn norms(&self) -> Vec<f32> {
        let context: Vec<f32> = self.context()[0].iter().map(|&x| x as f32).collect();
        let means = super::means(&context, self.up(), self.sizes);
        self.logs().into_iter().zip(means).flat_map(|(log, mean)| [log, mean as f32]).collect()
    }

    fn info(&self) -> Vec<u32> {
        let Inputs { q, k, v, .. } = self.inputs();
        info(self.sizes, self.setting, self.strides, [q.1, k.1, v.1, self.up().1])
    }

    fn name(&self) -> String {
        let Sizes { texts, heads, groups, queries, keys, size } = self.sizes;
        format!("{texts} × {heads} / {groups} × {queries} × {keys} × {size}, p = {}", self.setting.p)
    }

    /// The case whose bindings are these, the outcome's numbers in the place of the empty one, and the info.
    fn case(&self, buffers: Vec<&[f32]>, wanted: Vec<f64>, groups: [u32; 3]) -> Case {
        let output = buffers.iter().position(|numbers| numbers.is_empty()).expect("one that is written");
        let mut buffers: Vec<Vec<u32>> = buffers.into_iter().map(words).collect();
        buffers[output] = vec![0; wanted.len()];
        buffers.push(self.info());
        // Sums of up to 140 products of numbers below 3, of exponentials off by 1e-6 of themselves.
        Case { name: self.name(), buffers, output, groups, wanted, allowance: [2e-5, 1e-5] }
    }
}

pub fn forward(size: usize, plan: Plan) -> Vec<Case> {
    let case = |scene: Scene| {
        let Sizes { texts, heads, queries, .. } = scene.sizes;
        let [wanted, logs] = scene.context();
        let logs = vec![0.0; logs.len()];
        scene.case(
            vec![&scene.q, &scene.k, &scene.v, &scene.mask, &[], &logs],
            wanted,
            plan.groups(queries, texts * heads),
        )
    };
    scenes(size).into_iter().map(case).collect()
}

pub fn means() -> Vec<Case> {
    let case = |scene: Scene| {
        let context: Vec<f32> = scene.context()[0].iter().map(|&x| x as f32).collect();
        let (logs, wanted) = (scene.logs(), scene.norms().into_iter().map(f64::from).collect());
        let mut case = scene.case(vec![&context, &scene.up, &logs, &[]], wanted, groups_means(scene.sizes));
        case.buffers[4] = info_means(scene.sizes, scene.up().1).to_vec();
        case
    };
    scenes(32).into_iter().map(case).collect()
}

fn slope(scene: &Scene, which: usize) -> Vec<f64> {
    let [of_q, of_k, of_v] = slopes(scene.inputs(), scene.up(), scene.sizes, scene.setting);
    [of_q, of_k, of_v].into_iter().nth(which).expect("one of three")
}

pub fn query(size: usize, plan: Plan) -> Vec<Case> {
    let case = |scene: Scene| {
        let Sizes { texts, heads, queries, .. } = scene.sizes;
        let norms = scene.norms();
        let buffers = vec![&scene.q[..], &scene.k, &scene.v, &scene.mask, &norms, &scene.up, &[]];
        scene.case(buffers, slope(&scene, 0), plan.groups(queries, texts * heads))
    };
    scenes(size).into_iter().map(case).collect()
}

pub fn key(size: usize, plan: Plan) -> Vec<Case> {
    let case = |scene: Scene| {
        let Sizes { texts, groups, keys, .. } = scene.sizes;
        let norms = scene.norms();
        let buffers = vec![&scene.q[..], &scene.k, &scene.v, &scene.mask, &norms, &scene.up, &[]];
        scene.case(buffers, slope(&scene, 1), plan.groups(keys, texts * groups))
    };
    scenes(size).into_iter().map(case).collect()
}

pub fn value(size: usize, plan: Plan) -> Vec<Case> {
    let case = |scene: Scene| {
        let Sizes { texts, groups, keys, .. } = scene.sizes;
        let norms = scene.norms();
        let buffers = vec![&scene.q[..], &scene.k, &scene.mask, &norms, &scene.up, &[]];
        scene.case(buffers, slope(&scene, 2), plan.groups(keys, texts * groups))
    };
    scenes(size).into_iter().map(case).collect()
}
