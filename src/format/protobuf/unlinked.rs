//! A descriptor without a linker, for schemas that are valid but that the linker refuses (JSON names that
//! clash, types seen through several public imports): the types are resolved by our own scopes.

use super::ast::File;
use super::descriptor::json_name_of;
use super::print;
use super::scope::{Scope, What};
use prost::Message as _;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto};
use protox::file::File as SourceFile;

/// The descriptor of a file whose names are absolute and which has no custom options.
pub(super) fn descriptor(file: &File, scope: &Scope<'_>) -> Option<Vec<u8>> {
    let source = SourceFile::from_source("default", &print::print(file)).ok()?;
    let mut out = source.file_descriptor_proto().clone();
    out.source_code_info = None;
    if let Some(options) = &mut out.options {
        options.uninterpreted_option.clear();
    }
    for message in &mut out.message_type {
        in_message(message, scope)?;
    }
    out.enum_type.iter_mut().for_each(in_enum);
    for field in &mut out.extension {
        in_field(field, scope)?;
    }
    for service in &mut out.service {
        if let Some(options) = &mut service.options {
            options.uninterpreted_option.clear();
        }
        for method in &mut service.method {
            if let Some(options) = &mut method.options {
                options.uninterpreted_option.clear();
            }
        }
    }
    Some(out.encode_to_vec())
}

fn in_message(message: &mut DescriptorProto, scope: &Scope<'_>) -> Option<()> {
    if let Some(options) = &mut message.options {
        options.uninterpreted_option.clear();
    }
    for range in &mut message.extension_range {
        range.options = None;
    }
    for oneof in &mut message.oneof_decl {
        oneof.options = None;
    }
    // The entries of maps are made by the parser and unknown to the scope.
    let entries: Vec<String> = message
        .nested_type
        .iter()
        .filter(|n| n.options.as_ref().is_some_and(|o| o.map_entry()))
        .map(|n| n.name().to_owned())
        .collect();
    for field in message.field.iter_mut().chain(&mut message.extension) {
        if entries.iter().any(|e| e == field.type_name()) {
            field.set_type(Type::Message);
        }
        in_field(field, scope)?;
    }
    message.enum_type.iter_mut().for_each(in_enum);
    message
        .nested_type
        .iter_mut()
        .try_for_each(|nested| in_message(nested, scope))
}

fn in_enum(item: &mut EnumDescriptorProto) {
    if let Some(options) = &mut item.options {
        options.uninterpreted_option.clear();
    }
    for value in &mut item.value {
        if let Some(options) = &mut value.options {
            options.uninterpreted_option.clear();
        }
    }
}

fn in_field(field: &mut FieldDescriptorProto, scope: &Scope<'_>) -> Option<()> {
    if let Some(options) = &mut field.options {
        options.uninterpreted_option.clear();
    }
    if field.json_name.is_none() {
        field.json_name = Some(json_name_of(field.name()));
    }
    if field.r#type.is_none() {
        let id = scope.any_type(field.type_name(), 0, 0)?;
        field.set_type(match scope.node(id)?.what {
            What::Enum(_) => Type::Enum,
            _ => Type::Message,
        });
    }
    Some(())
}
