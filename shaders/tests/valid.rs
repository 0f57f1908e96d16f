//! Every kernel is valid WGSL and keeps the crate's rules.

use naga::{AddressSpace, StorageAccess, valid};
use retort_shaders::{Kernel, kernels};

fn parsed(kernel: &Kernel) -> (naga::Module, valid::ModuleInfo) {
    let source = (kernel.source)();
    let module =
        naga::front::wgsl::parse_str(&source).unwrap_or_else(|error| panic!("{}", error.emit_to_string(&source)));
    let mut validator = valid::Validator::new(valid::ValidationFlags::all(), valid::Capabilities::empty());
    let info = validator.validate(&module).unwrap_or_else(|error| panic!("{}: {error:?}", kernel.name));
    (module, info)
}

#[test]
fn kernels_are_valid_without_optional_features() {
    for kernel in kernels() {
        let (module, _) = parsed(kernel);
        let [entry] = &module.entry_points[..] else { panic!("{}: one entry point", kernel.name) };
        assert_eq!(entry.name, "main", "{}", kernel.name);
        let invocations: u32 = entry.workgroup_size.iter().product();
        assert!(invocations <= 256, "{}: {invocations} invocations", kernel.name);
    }
}

#[test]
fn every_binding_is_storage_and_used() {
    for kernel in kernels() {
        let (module, info) = parsed(kernel);
        let uses = info.get_entry_point(0);
        let mut bindings = vec![];
        for (handle, variable) in module.global_variables.iter() {
            let Some(place) = variable.binding else {
                continue;
            };
            let name = variable.name.as_deref().unwrap_or("?");
            let access = match name {
                "info" => StorageAccess::LOAD,
                _ => StorageAccess::LOAD | StorageAccess::STORE,
            };
            assert_eq!(variable.space, AddressSpace::Storage { access }, "{} {name}", kernel.name);
            assert!(!uses[handle].is_empty(), "{} {name} is not used", kernel.name);
            assert_eq!(place.group, 0, "{} {name}", kernel.name);
            bindings.push(place.binding);
        }
        bindings.sort();
        assert!(bindings.len() <= 8, "{}: {} bindings", kernel.name, bindings.len());
        assert!(bindings.iter().copied().eq(0..bindings.len() as u32), "{}: {bindings:?}", kernel.name);
        for case in (kernel.cases)() {
            assert_eq!(case.buffers.len(), bindings.len(), "{} {}", kernel.name, case.name);
        }
    }
}

#[test]
fn every_case_fits_what_any_device_takes() {
    for kernel in kernels() {
        for case in (kernel.cases)() {
            let at = format!("{} {}", kernel.name, case.name);
            assert!(case.groups.iter().all(|&count| (1..=65_535).contains(&count)), "{at}: {:?}", case.groups);
            assert!(case.buffers.iter().all(|words| words.len() * 4 <= 128 << 20), "{at}");
            assert_eq!(case.buffers[case.output].len(), case.wanted.len(), "{at}");
        }
    }
}
