//! Reads filters on metadata from Python: `where`.

use crate::error::Result;
use crate::metadata::{SCALARS, is_mapping, items, list, repr, scalar, sequence, text};
use phago_core::Error;
use phago_core::metadata::{Comparison, FILTER_DEPTH_MAX, FILTER_KEYS_MAX, Filter, Value};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFrozenSet, PySet, PyString};

const OPERATORS: &str = "eq, ne, gt, gte, lt, lte, in, nin, exists and not";

/// Reads a filter; `None` lets every document match.
pub(crate) fn filter(given: Option<&Bound<'_, PyAny>>) -> Result<Filter> {
    given.map_or_else(|| Ok(Filter::default()), |given| read(given, 0))
}

// `depth` limits the recursion over nested filters.
fn read(given: &Bound<'_, PyAny>, depth: usize) -> Result<Filter> {
    if depth > FILTER_DEPTH_MAX {
        let value = format!("a filter of more than {FILTER_DEPTH_MAX} levels");
        return Err(refused(value, format!("one of at most {FILTER_DEPTH_MAX}")));
    }
    let items = match items(given, FILTER_KEYS_MAX)? {
        Some(Ok(items)) => items,
        Some(Err(size)) => {
            return Err(refused(format!("a filter of {size} keys"), format!("one of at most {FILTER_KEYS_MAX}")));
        }
        None => return Err(refused(repr(given)?, "a mapping of keys to conditions")),
    };
    let mut filters = Vec::with_capacity(items.len());
    for (key, condition) in items {
        let Some(name) = text(&key) else {
            let is_text = key.is_instance_of::<PyString>();
            let accepted = if is_text { "a key that UTF-8 can encode" } else { "a key that is a str" };
            return Err(refused_under(&key, Ok("...".into()), accepted));
        };
        filters.push(match junction(&name, &condition)? {
            Some(junction) => junction.read(&name, &condition, depth)?,
            None => conditions(&name, &key, &condition, depth)?,
        });
    }
    // A single filter is not wrapped, so that depth counts what the caller nested.
    Ok(if filters.len() == 1 {
        filters.remove(0)
    } else if filters.is_empty() {
        Filter::default()
    } else {
        Filter::all(filters)?
    })
}

enum Junction {
    And,
    Or,
    Not,
}

// Returns how `and`, `or` or `not`, with or without a `$` before it, joins filters. Without the `$` it is a key if a
// condition follows it.
fn junction(name: &str, condition: &Bound<'_, PyAny>) -> Result<Option<Junction>> {
    let (word, is_sign) = (name.strip_prefix('$').unwrap_or(name), name.starts_with('$'));
    let filters = || -> Result<bool> {
        let Some(items) = list(condition) else { return Ok(false) };
        for item in &items {
            if !is_mapping(item)? {
                return Ok(false);
            }
        }
        Ok(!items.is_empty())
    };
    let operators = || -> Result<bool> {
        if !is_mapping(condition)? {
            return Ok(true);
        }
        let mut all = condition.len()? > 0;
        for key in condition.try_iter()? {
            all &= key?.cast::<PyString>().is_ok_and(|key| key.to_str().is_ok_and(|key| operator(key).is_some()));
        }
        Ok(all)
    };
    Ok(match word {
        "and" if is_sign || filters()? => Some(Junction::And),
        "or" if is_sign || filters()? => Some(Junction::Or),
        "not" if is_sign || !operators()? => Some(Junction::Not),
        _ => None,
    })
}

impl Junction {
    fn read(self, name: &str, given: &Bound<'_, PyAny>, depth: usize) -> Result<Filter> {
        if matches!(self, Junction::Not) {
            return Ok(Filter::not(read(given, depth + 1)?)?);
        }
        let Some(items) = list(given).filter(|items| !items.is_empty()) else {
            let value = format!("{{'{name}': {}}}", repr(given)?);
            return Err(refused(value, "a list or tuple of filters, at least one"));
        };
        if items.len() > FILTER_KEYS_MAX {
            let value = format!("{{'{name}': ...}} of {} filters", items.len());
            return Err(refused(value, format!("at most {FILTER_KEYS_MAX}")));
        }
        let filters = items.iter().map(|item| read(item, depth + 1)).collect::<Result<Vec<Filter>>>()?;
        Ok(if matches!(self, Junction::Or) { Filter::any(filters)? } else { Filter::all(filters)? })
    }
}

// Reads the conditions on one key: a value, values, or a mapping of operators that must all hold.
fn conditions(name: &str, key: &Bound<'_, PyAny>, given: &Bound<'_, PyAny>, depth: usize) -> Result<Filter> {
    if let Some(operators) = items(given, FILTER_KEYS_MAX)? {
        let size = |size| refused_under(key, Ok(format!("{size} operators")), format!("at most {FILTER_KEYS_MAX}"));
        let mut wanted = Wanted::new(name, key);
        for (operator, value) in operators.map_err(size)? {
            wanted.operator(&operator, &value, depth)?;
        }
        return wanted.finish();
    }
    let mut wanted = Wanted::new(name, key);
    if let Some(values) = several(given) {
        wanted.one_of(None, values?)?;
    } else if given.is_none() {
        wanted.comparisons.push(Comparison::Exists(false));
    } else {
        let Some(value) = scalar(given)? else {
            let accepted = format!(
                "None, {SCALARS}; a list, tuple or set of these; or a mapping of {OPERATORS} to what to compare with"
            );
            return Err(refused_under(key, repr(given), accepted));
        };
        if is_nan(&value) {
            return Err(refused_under(key, repr(given), "a number"));
        }
        wanted.comparisons.push(Comparison::In(vec![value]));
    }
    wanted.finish()
}

// The conditions on one key so far; all must hold.
struct Wanted<'a, 'py> {
    name: &'a str,
    // As the caller gave it.
    key: &'a Bound<'py, PyAny>,
    comparisons: Vec<Comparison<Value>>,
    filters: Vec<Filter>,
}

impl<'a, 'py> Wanted<'a, 'py> {
    fn new(name: &'a str, key: &'a Bound<'py, PyAny>) -> Self {
        Wanted { name, key, comparisons: Vec::new(), filters: Vec::new() }
    }

    fn finish(self) -> Result<Filter> {
        let Wanted { name, comparisons, mut filters, .. } = self;
        if !comparisons.is_empty() || filters.is_empty() {
            filters.push(Filter::new(vec![(name.into(), comparisons)])?);
        }
        Ok(if filters.len() == 1 { filters.remove(0) } else { Filter::all(filters)? })
    }

    fn alone(&self, comparison: Comparison<Value>) -> Result<Filter> {
        Ok(Filter::new(vec![(self.name.into(), vec![comparison])])?)
    }

    // Any of the values; None matches documents without the key. They are those of an operator, or stand by themselves.
    fn one_of(&mut self, operator: Option<&str>, values: Vec<Bound<'_, PyAny>>) -> Result<()> {
        let missing = values.iter().any(Bound::is_none);
        let values = self.values(operator, values)?;
        if missing {
            let any = vec![self.alone(Comparison::In(values))?, self.alone(Comparison::Exists(false))?];
            self.filters.push(Filter::any(any)?);
        } else {
            self.comparisons.push(Comparison::In(values));
        }
        Ok(())
    }

    fn operator(&mut self, given: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, depth: usize) -> Result<()> {
        let name = given.cast::<PyString>().ok().and_then(|name| name.to_str().ok()).unwrap_or_default();
        let Some(name) = operator(name) else {
            let shown = repr(given).map(|operator| format!("{{{operator}: ...}}"));
            return Err(refused_under(self.key, shown, format!("one of the operators {OPERATORS}")));
        };
        let comparison = match name {
            "not" => {
                if depth >= FILTER_DEPTH_MAX {
                    // Refuses with the message for any filter that is too deep.
                    return read(value, depth + 1).map(drop);
                }
                let inner = conditions(self.name, self.key, value, depth + 1)?;
                self.filters.push(Filter::not(inner)?);
                return Ok(());
            }
            "in" => return self.one_of(Some(name), self.listed(name, value)?),
            "nin" => {
                let values = self.listed(name, value)?;
                if values.iter().any(Bound::is_none) {
                    self.comparisons.push(Comparison::Exists(true));
                }
                Comparison::NotIn(self.values(Some(name), values)?)
            }
            "exists" => match value.cast::<PyBool>() {
                Ok(exists) => Comparison::Exists(exists.is_true()),
                Err(_) => return Err(self.refused(Some(name), value, "True or False")),
            },
            "eq" if value.is_none() => Comparison::Exists(false),
            "ne" if value.is_none() => Comparison::Exists(true),
            _ => {
                let (given, value) = (value, self.value(Some(name), value)?);
                // Told here, where the value is still as it was given.
                if matches!(value, Value::Bool(_)) && !matches!(name, "eq" | "ne") {
                    return Err(self.refused(Some(name), given, "a number or a string to compare with"));
                }
                match name {
                    "eq" => Comparison::In(vec![value]),
                    "ne" => Comparison::Ne(value),
                    "gt" => Comparison::Gt(value),
                    "gte" => Comparison::Gte(value),
                    "lt" => Comparison::Lt(value),
                    _ => Comparison::Lte(value),
                }
            }
        };
        self.comparisons.push(comparison);
        Ok(())
    }

    fn listed<'v>(&self, operator: &str, given: &Bound<'v, PyAny>) -> Result<Vec<Bound<'v, PyAny>>> {
        match several(given) {
            Some(values) => Ok(values?),
            None => Err(self.refused(Some(operator), given, format!("a list, tuple, set or frozenset of {SCALARS}"))),
        }
    }

    fn values(&self, operator: Option<&str>, given: Vec<Bound<'_, PyAny>>) -> Result<Vec<Value>> {
        given.iter().filter(|value| !value.is_none()).map(|value| self.value(operator, value)).collect()
    }

    fn value(&self, operator: Option<&str>, given: &Bound<'_, PyAny>) -> Result<Value> {
        match scalar(given)? {
            Some(value) if is_nan(&value) => Err(self.refused(operator, given, "a number")),
            Some(value) => Ok(value),
            None if operator.is_none() && self.name.starts_with('$') => {
                Err(self.refused(None, given, format!("{SCALARS}; filters are joined by $and, $or and $not")))
            }
            None => Err(self.refused(operator, given, SCALARS)),
        }
    }

    // Without an operator, the value stood in a list.
    fn refused(
        &self,
        operator: Option<&str>,
        value: &Bound<'_, PyAny>,
        accepted: impl Into<String>,
    ) -> crate::error::Failure {
        let shown = repr(value).map(|value| match operator {
            Some(operator) => format!("{{'{operator}': {value}}}"),
            None => format!("[{value}]"),
        });
        refused_under(self.key, shown, accepted)
    }
}

// Told here, where the filter is still as it was given.
fn is_nan(value: &Value) -> bool {
    matches!(value, Value::Float(number) if number.is_nan())
}

// Returns the operator of this name, with or without a `$` before it.
fn operator(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix('$').unwrap_or(name);
    ["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists", "not"].into_iter().find(|known| *known == name)
}

// Returns the items of what may be listed in a filter. The order of a set has no effect.
fn several<'py>(given: &Bound<'py, PyAny>) -> Option<PyResult<Vec<Bound<'py, PyAny>>>> {
    if given.is_instance_of::<PySet>() || given.is_instance_of::<PyFrozenSet>() {
        return Some(given.try_iter().and_then(Iterator::collect));
    }
    sequence(given).transpose()
}

// Returns the error for a key. Values are formatted only here: formatting one lets signal handlers run, whose
// exceptions are hard to tell from a failure to format.
fn refused_under(
    key: &Bound<'_, PyAny>,
    shown: PyResult<String>,
    accepted: impl Into<String>,
) -> crate::error::Failure {
    match repr(key).and_then(|key| Ok(format!("{{{key}: {}}}", shown?))) {
        Ok(value) => refused(value, accepted),
        Err(raised) => raised.into(),
    }
}

fn refused(value: String, accepted: impl Into<String>) -> crate::error::Failure {
    Error::Config { field: "where".into(), value, accepted: accepted.into() }.into()
}
