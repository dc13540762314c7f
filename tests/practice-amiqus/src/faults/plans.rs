//! The active fault plans.

use std::sync::{Mutex, PoisonError};

use super::{Endpoint, FaultPlan};

/// The active fault plans, oldest first.
#[derive(Debug, Default)]
pub(crate) struct FaultPlans {
    plans: Mutex<Vec<FaultPlan>>,
}

impl FaultPlans {
    /// Adds a plan.
    pub(crate) fn add(&self, plan: FaultPlan) {
        self.lock(|plans| plans.push(plan));
    }

    /// Removes all plans.
    pub(crate) fn clear(&self) {
        self.lock(Vec::clear);
    }

    /// All plans that are not used up.
    pub(crate) fn all(&self) -> Vec<FaultPlan> {
        self.lock(|plans| plans.clone())
    }

    /// The oldest plan that applies to an endpoint. This counts as one of its uses.
    pub(crate) fn take(&self, endpoint: Endpoint) -> Option<FaultPlan> {
        self.lock(|plans| {
            let index = plans
                .iter()
                .position(|plan| plan.times != Some(0) && plan.applies_to(endpoint))?;
            let plan = plans.get_mut(index)?;
            if let Some(times) = &mut plan.times {
                *times -= 1;
            }
            let taken = plan.clone();
            plans.retain(|plan| plan.times != Some(0));
            Some(taken)
        })
    }

    fn lock<R>(&self, work: impl FnOnce(&mut Vec<FaultPlan>) -> R) -> R {
        work(&mut self.plans.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Fault;
    use super::*;

    #[test]
    fn plan_is_taken_as_often_as_planned() {
        let plans = FaultPlans::default();
        plans.add(Fault::LoseAnswer.at(Endpoint::Me).times(2));
        plans.add(Fault::CutBody.at(Endpoint::Any));
        let next = |endpoint| plans.take(endpoint).map(|plan| plan.fault);
        assert_eq!(next(Endpoint::Team), Some(Fault::CutBody));
        assert_eq!(next(Endpoint::Me), Some(Fault::LoseAnswer));
        assert_eq!(next(Endpoint::Me), Some(Fault::LoseAnswer));
        assert_eq!(next(Endpoint::Me), Some(Fault::CutBody));
        plans.clear();
        assert_eq!(next(Endpoint::Me), None);
    }
}
