{#
  `dbt run-operation compact_progress` (media maintain): of what int_progress has gathered, only the greatest number of each
  reader counts; every build adds some fifty rows.
#}
{% macro compact_progress() %}
    {%- do check_environment() -%}
    {%- set progress = progress_relation() -%}
    {%- if execute and load_relation(progress) is not none -%}
        {%- set outdated = [] -%}
        {%- for row in run_query('select reader, max(load_seq) from ' ~ progress ~ ' group by reader having count(*) > 1').rows -%}
            {%- do outdated.append("(reader = '" ~ row[0] ~ "' and load_seq < " ~ row[1] ~ ")") -%}
        {%- endfor -%}
        {%- if outdated -%}
            {%- do run_query('delete from ' ~ progress ~ ' where ' ~ outdated | join(' or ')) -%}
            {%- do adapter.commit() -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
