{#
  Why: dbt writes the columns of an enforced contract as they stand in YAML; here each engine writes its own type (column_type).
#}
{% macro table_columns_and_constraints() %}
    {%- set columns = {} -%}
    {%- for name, column in model['columns'].items() %}{% do columns.update({name: dict(column, data_type=column_type(column.data_type))}) %}{% endfor -%}
    (
        {{ (adapter.render_raw_columns_constraints(raw_columns=columns) + adapter.render_raw_model_constraints(raw_constraints=model['constraints'])) | join(',\n        ') }}
    )
{% endmacro %}
