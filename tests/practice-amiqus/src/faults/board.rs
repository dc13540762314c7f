//! The faults that are switched on.

use std::sync::{Mutex, PoisonError};

use super::{Endpoint, FaultPlan};

/// The plans, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    plans: Mutex<Vec<FaultPlan>>,
}

impl Faults {
    pub(crate) fn plan(&self, plan: FaultPlan) {
        self.with(|plans| plans.push(plan));
    }

    pub(crate) fn clear(&self) {
        self.with(Vec::clear);
    }

    /// The plans that still have something to do.
    pub(crate) fn planned(&self) -> Vec<FaultPlan> {
        self.with(|plans| plans.clone())
    }

    /// The fault for a request to this endpoint: the first plan's, which then has one time less.
    pub(crate) fn take(&self, endpoint: Endpoint) -> Option<FaultPlan> {
        self.with(|plans| {
            let index = plans
                .iter()
                .position(|plan| plan.times != Some(0) && plan.strikes_at(endpoint))?;
            let plan = plans.get_mut(index)?;
            if let Some(times) = &mut plan.times {
                *times -= 1;
            }
            let taken = plan.clone();
            plans.retain(|plan| plan.times != Some(0));
            Some(taken)
        })
    }

    fn with<R>(&self, work: impl FnOnce(&mut Vec<FaultPlan>) -> R) -> R {
        work(&mut self.plans.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Fault;
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_as_planned() {
        let faults = Faults::default();
        faults.plan(Fault::LoseAnswer.at(Endpoint::Me).times(2));
        faults.plan(Fault::CutBody.at(Endpoint::Any));
        let next = |endpoint| faults.take(endpoint).map(|plan| plan.fault);
        assert_eq!(next(Endpoint::Team), Some(Fault::CutBody));
        assert_eq!(next(Endpoint::Me), Some(Fault::LoseAnswer));
        assert_eq!(next(Endpoint::Me), Some(Fault::LoseAnswer));
        assert_eq!(next(Endpoint::Me), Some(Fault::CutBody));
        faults.clear();
        assert_eq!(next(Endpoint::Me), None);
    }
}
