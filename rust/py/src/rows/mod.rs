//! Rows: records on their way to Python, with a name for each field.

pub(crate) mod answers;
pub(crate) mod documents;
pub(crate) mod graph;
pub(crate) mod life;
pub(crate) mod shards;
pub(crate) mod surveys;
pub(crate) mod ticks;

/// Declares a row: what it is made from, and for each field its name, its type, and its value.
macro_rules! row {
    (
        $(#[$about:meta])*
        $name:ident from $given:pat_param, $source:ty {
            $($(#[$doc:meta])* $field:ident: $kind:ty = $value:expr,)*
        }
    ) => {
        $(#[$about])*
        #[pyo3::pyclass(frozen, get_all, module = "phago._phago")]
        pub(crate) struct $name {
            $($(#[$doc])* $field: $kind,)*
        }

        impl From<$source> for $name {
            fn from($given: $source) -> Self {
                $name { $($field: $value,)* }
            }
        }
    };
}
pub(crate) use row;

/// Returns the rows of several values.
pub(crate) fn rows<Row: From<T>, T>(values: impl IntoIterator<Item = T>) -> Vec<Row> {
    values.into_iter().map(Row::from).collect()
}
