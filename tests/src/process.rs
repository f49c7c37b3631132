//! What the kernel says about a process: processor time and memory.

use std::{fs, time::Duration};

use anyhow::{Context as _, bail};

/// Kernel ticks per second in `/proc/<pid>/stat`; 100 on every Linux this runs
/// on (`getconf CLK_TCK`).
const TICKS_PER_SECOND: u64 = 100;

/// Memory of a process, in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Resident now.
    pub now_kib: u64,
    /// Most that was ever resident, or since [`reset_peak`].
    pub peak_kib: u64,
}

impl Memory {
    /// The peak in MiB.
    pub fn peak_mib(&self) -> f64 {
        crate::statistics::count(self.peak_kib) / 1024.0
    }
}

/// Reads `VmRSS` and `VmHWM`.
pub fn memory(pid: u32) -> anyhow::Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| {
                line.strip_prefix(name)?
                    .split_whitespace()
                    .next()?
                    .parse()
                    .ok()
            })
            .with_context(|| format!("no {name} in the status of process {pid}"))
    };
    Ok(Memory {
        now_kib: field("VmRSS:")?,
        peak_kib: field("VmHWM:")?,
    })
}

/// Makes the present size the peak.
pub fn reset_peak(pid: u32) -> anyhow::Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5")
        .with_context(|| format!("resetting the peak memory of process {pid}"))
}

/// Processor time used so far, by all threads, to 10 ms.
pub fn processor_time(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything; numbers follow it.
    let Some((_, rest)) = stat.rsplit_once(')') else {
        bail!("unreadable /proc/{pid}/stat")
    };
    let ticks: u64 = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|text| text.parse::<u64>().unwrap_or_default())
        .sum();
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_process_has_memory_and_processor_time() {
        let pid = std::process::id();
        let memory = memory(pid).unwrap();
        assert!(memory.now_kib > 100 && memory.peak_kib >= memory.now_kib / 2);
        processor_time(pid).unwrap();
    }
}
