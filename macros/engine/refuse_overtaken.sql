{#
  Why: a build that was overtaken (claim_build) must not end as if it had done its work. Nothing is lost: what it did not record
  is done by the build that took over, or by the next.
#}
{% macro refuse_overtaken() %}{{ return(adapter.dispatch('refuse_overtaken', 'media_stream_analytics')()) }}{% endmacro %}
{% macro default__refuse_overtaken() %}{% endmacro %}
{% macro redshift__refuse_overtaken() %}{% endmacro %}
{% macro athena__refuse_overtaken() %}
    {%- if execute and flags.WHICH in ('build', 'run') and load_relation(progress_relation()) is not none -%}
        {%- if not run_query('select 1 as latest where ' ~ only_latest_build()).rows | length -%}
            {{ exceptions.raise_compiler_error("Another build started after this one and took over: what this one wrote from then on was not kept. Nothing is lost. Let one build at a time run on a warehouse, and run again if the other failed.") }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
