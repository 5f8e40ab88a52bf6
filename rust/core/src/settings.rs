//! Settings: the name, type, default and accepted range of each are written once, in [`settings!`](crate::settings!).

use crate::{Error, Result};
use std::fmt::Display;

/// A value of a setting of any type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer.
    Int(u64),
    /// A number that may have a fraction.
    Real(f64),
    /// Yes or no.
    Flag(bool),
    /// One of a few words.
    Word(&'static str),
}

/// The type of a setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// An integer of 32 bits.
    U32,
    /// An integer of 64 bits.
    U64,
    /// A number that may have a fraction.
    F64,
    /// Yes or no.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// What is known of a setting before one is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its default.
    pub default: Number,
    /// The least value that is accepted.
    pub low: Number,
    /// The greatest value that is accepted.
    pub high: Number,
    /// Another setting; this one must not be below its value.
    pub at_least: Option<&'static str>,
}

/// A group of settings. [`settings!`](crate::settings!) makes one.
pub trait Settings: Default {
    /// Returns every setting, in order.
    fn all() -> Vec<Setting>;

    /// Returns the value of each setting, in the same order.
    fn values(&self) -> Vec<(&'static str, Number)>;

    /// Sets the setting of this name.
    ///
    /// # Errors
    /// [`Error::Config`] for another type than the setting's. An unknown name returns `Ok(false)`.
    fn set(&mut self, name: &str, value: Number) -> Result<bool>;

    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Config`] for the first field outside of what is accepted.
    fn validate(&self) -> Result<()>;
}

/// A type of setting, and its conversions to and from [`Number`].
pub trait Settable: Copy + PartialOrd + Display {
    /// The type's name.
    const KIND: Kind;
    /// Returns the value as a [`Number`].
    fn number(self) -> Number;
    /// Returns the value of this type, or `None` for a number of another type or size.
    fn of(number: Number) -> Option<Self>;
}

macro_rules! value {
    ($($kind:ty, $name:ident, $number:ident, $from:expr, $to:expr;)*) => {$(
        impl Settable for $kind {
            const KIND: Kind = Kind::$name;
            fn number(self) -> Number {
                Number::$number($from(self))
            }
            fn of(number: Number) -> Option<Self> {
                if let Number::$number(value) = number { $to(value) } else { None }
            }
        }
    )*};
}

value!(
    u32, U32, Int, u64::from, |value| u32::try_from(value).ok();
    u64, U64, Int, u64::from, Some;
    f64, F64, Real, f64::from, Some;
    bool, Bool, Flag, bool::from, Some;
);

/// Puts a number into a setting.
///
/// # Errors
/// [`Error::Config`] for a number of another type or size.
pub fn put<T: Settable>(field: &str, place: &mut T, number: Number) -> Result<bool> {
    let Some(value) = T::of(number) else {
        let accepted = format!("a {:?}", T::KIND);
        return Err(Error::Config { field: field.into(), value: format!("{number:?}"), accepted });
    };
    *place = value;
    Ok(true)
}

/// Refuses a value outside of its range, or below the setting that is its floor.
///
/// # Errors
/// [`Error::Config`] naming the field, the value and the range.
pub fn check<T: Settable>(field: &str, value: T, range: &std::ops::RangeInclusive<T>, floor: Option<T>) -> Result<()> {
    within(field, value, floor.unwrap_or(*range.start()), *range.end())
}

/// Refuses a value outside `low..=high`; NaN is outside of every range.
///
/// # Errors
/// [`Error::Config`] naming the field, the value and the range.
pub fn within<T: PartialOrd + Display>(field: &str, value: T, low: T, high: T) -> Result<()> {
    if value >= low && value <= high {
        return Ok(());
    }
    Err(Error::Config { field: field.into(), value: value.to_string(), accepted: format!("{low} to {high}") })
}

/// Declares a struct of settings: for each its type, its default, its accepted range and, if there is one, another
/// setting that it must not be below.
#[macro_export]
macro_rules! settings {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            $($(#[$doc:meta])* $field:ident: $kind:ty = $default:expr, $range:expr $(, at_least $floor:ident)?;)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\nDefault ", stringify!($default), "; accepted is ", stringify!($range), ".")]
                pub $field: $kind,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $($field: $default,)* }
            }
        }

        impl $name {
            /// Checks every field.
            ///
            /// # Errors
            /// [`Error::Config`]($crate::Error::Config) for the first field outside of what is accepted.
            pub fn validate(&self) -> $crate::Result<()> {
                $($crate::settings::check(
                    stringify!($field),
                    self.$field,
                    &($range),
                    None $(.or(Some(self.$floor)))?,
                )?;)*
                Ok(())
            }
        }

        impl $crate::settings::Settings for $name {
            fn all() -> Vec<$crate::settings::Setting> {
                use $crate::settings::Settable;
                $(let $field: (std::ops::RangeInclusive<$kind>, $kind) = ($range, $default);)*
                vec![$($crate::settings::Setting {
                    name: stringify!($field),
                    kind: <$kind>::KIND,
                    default: $field.1.number(),
                    low: $field.0.start().number(),
                    high: $field.0.end().number(),
                    at_least: None $(.or(Some(stringify!($floor))))?,
                },)*]
            }

            fn values(&self) -> Vec<(&'static str, $crate::settings::Number)> {
                use $crate::settings::Settable;
                vec![$((stringify!($field), self.$field.number()),)*]
            }

            fn set(&mut self, name: &str, value: $crate::settings::Number) -> $crate::Result<bool> {
                match name {
                    $(stringify!($field) => $crate::settings::put(name, &mut self.$field, value),)*
                    _ => Ok(false),
                }
            }

            fn validate(&self) -> $crate::Result<()> {
                $name::validate(self)
            }
        }
    };
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro makes public structs")]
mod tests {
    use super::*;

    crate::settings! {
        /// Settings of a test.
        pub struct Sample {
            /// A count.
            count: u32 = 3, 1..=9;
            /// Never below the count.
            more: u32 = 50, 0..=90, at_least count;
            /// A share.
            share: f64 = 0.5, 0.0..=1.0;
            /// A choice.
            choice: bool = true, false..=true;
        }
    }

    #[test]
    fn a_setting_says_what_it_accepts_and_validate_holds_to_it() {
        let all = Sample::all();
        assert_eq!(all.iter().map(|setting| setting.name).collect::<Vec<_>>(), ["count", "more", "share", "choice"]);
        assert_eq!((all[0].default, all[0].low, all[0].high), (Number::Int(3), Number::Int(1), Number::Int(9)));
        assert_eq!((all[1].at_least, all[2].kind), (Some("count"), Kind::F64));
        for setting in all {
            for (value, accepted) in [(setting.low, setting.at_least.is_none()), (setting.high, true)] {
                let mut sample = Sample::default();
                assert!(sample.set(setting.name, value).unwrap());
                assert_eq!(sample.validate().is_ok(), accepted, "{}", setting.name);
            }
        }
    }

    #[test]
    fn what_is_out_of_range_below_its_floor_or_no_number_is_refused() {
        for sample in [
            Sample { count: 0, ..Sample::default() },
            Sample { count: 10, ..Sample::default() },
            Sample { more: 2, ..Sample::default() },
            Sample { share: 1.5, ..Sample::default() },
            Sample { share: f64::NAN, ..Sample::default() },
        ] {
            assert!(sample.validate().is_err(), "{sample:?}");
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused_and_changes_nothing() {
        let mut sample = Sample::default();
        assert!(sample.set("count", Number::Real(1.0)).is_err());
        assert!(sample.set("count", Number::Int(1 << 40)).is_err());
        assert!(!sample.set("other", Number::Int(1)).unwrap());
        assert_eq!(sample, Sample::default());
        assert_eq!(sample.values()[0], ("count", Number::Int(3)));
    }
}
