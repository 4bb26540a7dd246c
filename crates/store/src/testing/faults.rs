//! Which operation fails, and how. Only operations that the fault can strike are counted, so
//! that "n = 1, 2, ... until none fires" visits each of them.

use std::io;

use crate::storage::Operation;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `EIO`, once.
    IoOnce,
    /// `EIO`, from then on.
    IoLasting,
    /// `ENOSPC` on create or write, from then on.
    NoSpace,
    /// A write takes only half of its bytes, once.
    ShortWrite,
    /// A read gives only half of its bytes, once.
    ShortRead,
    /// A read or write is interrupted before it did anything, once.
    Interrupted,
    /// The process is gone: this operation and all later ones fail and change nothing.
    Halt,
}

impl Fault {
    /// All kinds that a live process meets.
    pub const ALL: [Fault; 6] = [
        Fault::IoOnce,
        Fault::IoLasting,
        Fault::NoSpace,
        Fault::ShortWrite,
        Fault::ShortRead,
        Fault::Interrupted,
    ];

    fn strikes(self, operation: &Operation) -> bool {
        use Operation::{Create, Pread, Pwrite};
        match self {
            Fault::IoOnce | Fault::IoLasting | Fault::Halt => true,
            Fault::NoSpace => matches!(operation, Create(_) | Pwrite(..)),
            Fault::ShortWrite => matches!(operation, Pwrite(_, _, length) if *length > 1),
            Fault::ShortRead => matches!(operation, Pread(_, _, length) if *length > 1),
            Fault::Interrupted => matches!(operation, Pread(..) | Pwrite(..)),
        }
    }
}

/// Strike the n-th operation (from 1) that the fault can strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultPlan {
    /// What happens.
    pub fault: Fault,
    /// To which operation.
    pub at: u64,
}

/// A plan being carried out.
#[derive(Debug, Default)]
pub(crate) struct FaultState {
    plan: Option<FaultPlan>,
    counted: u64,
    fired: bool,
}

/// What becomes of an operation.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It happens.
    Whole,
    /// Half of its bytes are moved.
    Half,
    /// It fails.
    Fails(io::Error),
}

impl FaultState {
    pub(crate) fn arm(&mut self, plan: Option<FaultPlan>) {
        *self = FaultState { plan, counted: 0, fired: false };
    }

    pub(crate) fn fired(&self) -> bool {
        self.fired
    }

    /// Whether the process is gone.
    pub(crate) fn halted(&self) -> bool {
        self.fired && self.plan.is_some_and(|plan| plan.fault == Fault::Halt)
    }

    pub(crate) fn decide(&mut self, operation: &Operation) -> Fate {
        let Some(plan) = self.plan.filter(|plan| plan.fault.strikes(operation)) else {
            return Fate::Whole;
        };
        self.counted += 1;
        let lasting = matches!(plan.fault, Fault::IoLasting | Fault::NoSpace | Fault::Halt);
        if self.counted != plan.at && !(lasting && self.counted > plan.at) {
            return Fate::Whole;
        }
        self.fired = true;
        match plan.fault {
            Fault::IoOnce | Fault::IoLasting | Fault::Halt => {
                Fate::Fails(io::Error::from_raw_os_error(5))
            }
            Fault::NoSpace => Fate::Fails(io::Error::from_raw_os_error(28)),
            Fault::ShortWrite | Fault::ShortRead => Fate::Half,
            Fault::Interrupted => Fate::Fails(io::ErrorKind::Interrupted.into()),
        }
    }
}
