//! From the device to the host. Every read waits for the device, so there are few of them, and
//! none blocks a browser's thread.

use burn::tensor::Tensor;

use crate::{Error, Result, platform};

/// Numbers that are joined into one read: enough to make the wait worth it, far below any
/// adapter's binding limit.
const GROUP: usize = 4 << 20;

/// Reads a tensor back, row by row.
///
/// # Errors
/// [`Error::Device`] when the device failed since the last time something was read back.
pub async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let data = match tensor.into_data_async().await {
        Ok(data) => data,
        Err(error) => {
            platform::breathe().await; // what happened to the device is told by another message
            return Err(failed(&platform::trouble().unwrap_or_else(|| first_line(&error))));
        }
    };
    let values = data.try_to_vec::<f32>().map_err(|error| failed(&first_line(&error)))?;
    match platform::trouble() {
        Some(trouble) => Err(failed(&trouble)),
        None => Ok(values),
    }
}

/// Reads many flattened tensors back in few reads.
///
/// # Errors
/// As [`read`].
pub async fn read_many(tensors: Vec<Tensor<1>>) -> Result<Vec<Vec<f32>>> {
    let lengths: Vec<usize> = tensors.iter().map(|tensor| tensor.dims()[0]).collect();
    let mut all = Vec::with_capacity(tensors.len());
    let mut tensors = tensors.into_iter();
    let mut next = 0;
    while next < lengths.len() {
        let mut end = next + 1;
        let mut total = lengths[next];
        while end < lengths.len() && total + lengths[end] <= GROUP {
            total += lengths[end];
            end += 1;
        }
        let group: Vec<Tensor<1>> = tensors.by_ref().take(end - next).collect();
        let mut values = read(Tensor::cat(group, 0)).await?.into_iter();
        all.extend(lengths[next..end].iter().map(|&length| values.by_ref().take(length).collect::<Vec<f32>>()));
        next = end;
    }
    Ok(all)
}

/// The sentence before the chain of causes and the backtrace.
fn first_line(error: &impl std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn failed(reason: &impl std::fmt::Display) -> Error {
    Error::device("the device", reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn many_tensors_come_back_as_they_were() {
        let device = Device::flex();
        let tensors = vec![
            Tensor::<1>::from_floats([1.0, 2.0], &device),
            Tensor::<1>::zeros([GROUP], &device),
            Tensor::<1>::from_floats([3.0], &device),
        ];
        let values = pollster::block_on(read_many(tensors)).unwrap();
        assert_eq!(values[0], [1.0, 2.0]);
        assert_eq!(values[1].len(), GROUP);
        assert_eq!(values[2], [3.0]);
    }
}
