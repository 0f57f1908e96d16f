//! Every kernel, on whatever adapter there is, computes what its twin computes.
//!
//! Without any adapter the test says so and passes, unless `RETORT_REQUIRE_GPU=1` asks for one.

use pollster::block_on;
use retort_shaders::{Case, kernels};
use wgpu::util::DeviceExt;

fn device() -> Option<(wgpu::Device, wgpu::Queue)> {
    let instance = wgpu::Instance::default();
    let found = block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()));
    let adapter = match found {
        Ok(adapter) => adapter,
        Err(error) => {
            let required = std::env::var("RETORT_REQUIRE_GPU").is_ok_and(|value| value == "1");
            assert!(!required, "RETORT_REQUIRE_GPU=1, but there is no adapter: {error}");
            println!("SKIPPED: no adapter on this machine: {error}");
            return None;
        }
    };
    println!("on {}", adapter.get_info().name);
    let wanted = wgpu::DeviceDescriptor { required_limits: adapter.limits(), ..Default::default() };
    Some(block_on(adapter.request_device(&wanted)).expect("the adapter opens with its own limits"))
}

fn pipeline(device: &wgpu::Device, source: &str) -> wgpu::ComputePipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: Default::default(),
        cache: None,
    })
}

fn run(device: &wgpu::Device, queue: &wgpu::Queue, pipeline: &wgpu::ComputePipeline, case: &Case) -> Vec<f32> {
    let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
    let buffers: Vec<wgpu::Buffer> = case
        .buffers
        .iter()
        .map(|words| {
            let contents = bytemuck::cast_slice(words);
            device.create_buffer_init(&wgpu::util::BufferInitDescriptor { label: None, contents, usage })
        })
        .collect();
    let entries: Vec<wgpu::BindGroupEntry> = buffers
        .iter()
        .zip(0..)
        .map(|(buffer, binding)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
        .collect();
    let layout = pipeline.get_bind_group_layout(0);
    let group =
        device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout: &layout, entries: &entries });
    let output = &buffers[case.output];
    let back = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: output.size(),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let mut encoder = device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &group, &[]);
        let [x, y, z] = case.groups;
        pass.dispatch_workgroups(x, y, z);
    }
    encoder.copy_buffer_to_buffer(output, 0, &back, 0, output.size());
    queue.submit([encoder.finish()]);
    back.slice(..).map_async(wgpu::MapMode::Read, |mapped| mapped.expect("the outcome can be read"));
    device.poll(wgpu::PollType::wait_indefinitely()).expect("the device finishes");
    let bytes = back.slice(..).get_mapped_range().expect("the outcome is mapped").to_vec();
    bytemuck::pod_collect_to_vec(&bytes)
}

#[test]
fn devices_compute_what_the_twins_compute() {
    let Some((device, queue)) = device() else {
        return;
    };
    let mut compared = 0;
    let mut wrong = vec![];
    for kernel in kernels() {
        let pipeline = pipeline(&device, &(kernel.source)());
        for case in (kernel.cases)() {
            let got = run(&device, &queue, &pipeline, &case);
            let [absolute, relative] = case.allowance;
            let off = |(got, wanted): (&f32, &f64)| {
                let near = (*got as f64 - wanted).abs() <= absolute + relative * wanted.abs();
                !(near || got.is_nan() && wanted.is_nan())
            };
            compared += got.len();
            if let Some(at) = got.iter().zip(&case.wanted).position(off) {
                wrong.push(format!("{} ({}) at {at}: {} is not {}", kernel.name, case.name, got[at], case.wanted[at]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{compared} numbers compared");
    assert!(compared > 16_777_216, "every case is compared");
}
