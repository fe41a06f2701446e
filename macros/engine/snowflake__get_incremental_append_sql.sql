{#
  Why: two builds at once would register the same batches twice. dbt's temporary view is read by the INSERT itself, so it is
  enough that the second INSERT comes after the first one's commit: it waits for the lock of int_batch's progress.
#}
{% macro snowflake__get_incremental_append_sql(args) %}
    begin;
    {%- if model.name != 'int_progress' %}
    update {{ ref('int_progress') }} set load_seq = load_seq where reader = '{{ model.name }}';
    {%- endif %}
    {{ dbt.default__get_incremental_append_sql(args) }};
    commit;
{% endmacro %}
