//! Filters as plain data: a list of steps, each of which makes a filter of those before it. A list is never nested too
//! deep to be read.

use super::Value;
use super::filter::{Comparison, Condition, Filter, Node, Span};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A step towards a filter.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) enum Step {
    /// Makes a filter of conditions, all of which must hold.
    Conditions(Vec<(Box<str>, Vec<Comparison<Value>>)>),
    /// Joins so many of the last filters to one that matches if all of them match.
    All(usize),
    /// Joins so many of the last filters to one that matches if one of them matches.
    Any(usize),
    /// Turns the last filter into its opposite.
    Not,
    /// Makes a filter of times.
    Within(Span),
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut steps = Vec::new();
        list(self.node(), &mut steps);
        steps.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        made_of(Vec::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

// Recursion is as deep as a filter may be.
fn list(node: &Node, steps: &mut Vec<Step>) {
    let condition = |node: &Node| match node {
        Node::Has(condition) => Some(given(condition)),
        _ => None,
    };
    match node {
        Node::Has(condition) => steps.push(Step::Conditions(vec![given(condition)])),
        Node::Within(span) => steps.push(Step::Within(*span)),
        Node::All(all) => match all.iter().map(condition).collect() {
            Some(conditions) => steps.push(Step::Conditions(conditions)),
            None => {
                all.iter().for_each(|node| list(node, steps));
                steps.push(Step::All(all.len()));
            }
        },
        Node::Any(any) => {
            any.iter().for_each(|node| list(node, steps));
            steps.push(Step::Any(any.len()));
        }
        Node::Not(node) => {
            list(node, steps);
            steps.push(Step::Not);
        }
    }
}

fn given(condition: &Condition) -> (Box<str>, Vec<Comparison<Value>>) {
    (condition.key.clone(), condition.comparisons().iter().map(Comparison::given).collect())
}

fn made_of(steps: Vec<Step>) -> Result<Filter, String> {
    let mut made: Vec<Filter> = Vec::new();
    for step in steps {
        let mut last = |count: usize| {
            let first = made.len().checked_sub(count).ok_or("a step joins more filters than there are")?;
            Ok::<_, String>(made.split_off(first))
        };
        let next = match step {
            Step::Conditions(conditions) => Filter::new(conditions),
            Step::All(count) => Filter::all(last(count)?),
            Step::Any(count) => Filter::any(last(count)?),
            Step::Within(span) => Ok(Filter::within(span)),
            Step::Not => last(1)?.pop().map_or_else(|| Ok(Filter::default()), Filter::not),
        };
        made.push(next.map_err(|fault| fault.to_string())?);
    }
    match made.pop() {
        Some(filter) if made.is_empty() => Ok(filter),
        _ => Err("the steps do not make one filter".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossed(filter: &Filter) -> Filter {
        postcard::from_bytes(&postcard::to_stdvec(filter).unwrap()).unwrap()
    }

    #[test]
    fn a_filter_is_the_same_after_it_was_sent() {
        let has = |key: &str, comparisons| Filter::new(vec![(key.into(), comparisons)]).unwrap();
        let number = |value: f64| Value::Float(value);
        let one = has("a", vec![Comparison::In(vec![number(3.0), Value::Text("x".into()), Value::Bool(true)])]);
        let other = has("b", vec![Comparison::Gte(number(0.5)), Comparison::Lt(Value::Unsigned(u64::MAX))]);
        let two = Filter::new(vec![
            ("c".into(), vec![Comparison::Ne(number(1.0)), Comparison::Exists(true)]),
            ("d".into(), vec![Comparison::NotIn(vec![Value::Int(-4)])]),
        ]);
        let mut filter = Filter::any(vec![one, Filter::not(other).unwrap(), two.unwrap()]).unwrap();
        assert_eq!(format!("{:?}", crossed(&Filter::default())), format!("{:?}", Filter::default()));
        while let Ok(deeper) = Filter::all(vec![filter.clone(), Filter::any(vec![]).unwrap()]) {
            filter = deeper;
            assert_eq!(format!("{:?}", crossed(&filter)), format!("{filter:?}"));
        }
        assert!(format!("{filter:?}").contains("depth: 16"));
    }

    #[test]
    fn steps_that_make_no_filter_are_refused() {
        let refused = |steps: Vec<Step>| {
            let bytes = postcard::to_stdvec(&steps).unwrap();
            assert!(postcard::from_bytes::<Filter>(&bytes).is_err(), "{steps:?}");
        };
        refused(vec![]);
        refused(vec![Step::Not]);
        refused(vec![Step::Any(0), Step::All(2)]);
        refused(vec![Step::Any(0), Step::Any(0)]);
        refused(vec![Step::Conditions(vec![("a".into(), vec![Comparison::Gt(Value::Float(f64::NAN))])])]);
        refused(std::iter::once(Step::Any(0)).chain(std::iter::repeat_n(Step::Not, 1 << 16)).collect());
    }
}
