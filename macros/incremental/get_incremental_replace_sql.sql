{# Incremental strategy `replace`: the rows of the touched dates, or of the returned keys, give way to the model's, atomically. #}
{% macro get_incremental_replace_sql(args) %}
    {%- set keys = [args.unique_key] if args.unique_key is string else args.unique_key -%}
    {%- set columns = args.dest_columns | map(attribute='quoted') | list -%}
    {%- set found = modules.re.search('touched .([0-9 -]*)', model.compiled_code) -%}
    {%- if config.get('meta', {}).get('topic') and not found -%}
        {{ exceptions.raise_compiler_error(model.name ~ " names a topic but reads no touched dates: filter its rows with within('event_date', touched)") }}
    {%- endif -%}
    {%- set dates = found.group(1).split() if found else none -%}
    {%- if dates is not none and not dates -%}{{ return('select 1 as nothing_touched') }}{%- endif -%}
    {{ return(replace_rows(args.target_relation, args.temp_relation, keys, columns, dates)) }}
{% endmacro %}
