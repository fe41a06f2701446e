{#
  Post-hook of every model: writes what an incremental model has now seen, after its rows and in the same transaction where
  the engine has one. Progress may be lost (more is recomputed); it is never ahead of the rows.
#}
{% macro record_progress() %}
    {%- if introspects() -%}{%- do commit_rows(this) -%}{%- endif -%}
    {%- if introspects() and config.get('materialized') == 'incremental' and model.name != 'int_progress' -%}
        {%- set progress = ref('int_progress') -%}
        {%- if model.name == 'int_batch' -%}
            insert into {{ progress }} (reader, load_seq)
            select 'int_batch' as reader, max(load_seq) as load_seq from {{ this }}
            having max(load_seq) > (select coalesce(max(load_seq), 0) from {{ progress }} where reader = 'int_batch') and {{ only_latest_build() }}
        {%- else -%}
            {%- set found = modules.re.search('window ([0-9]+)[.][.]([0-9]+)', model.compiled_code) -%}
            {%- if found.group(2) | int > found.group(1) | int -%}
                {%- if found.group(1) | int == 0 -%}{%- do run_query("delete from " ~ progress ~ " where reader = '" ~ model.name ~ "'") -%}{%- endif -%}
                insert into {{ progress }} (reader, load_seq)
                select '{{ model.name }}' as reader, {{ found.group(2) }} as load_seq where {{ only_latest_build() }}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
