{#
  Stops what would write into an environment that does not exist, or into production without the word for it. An environment
  variable, because a --var would force a full parse and is typed too easily. Reading (compile, show, docs) is always allowed.
#}
{% macro check_environment() %}
    {%- if execute and flags.WHICH not in ('parse', 'compile', 'show', 'generate') -%}
        {%- set environment = env_var('MEDIA_ENV', 'dev') -%}
        {%- if environment not in ('dev', 'staging', 'prod') -%}
            {{ exceptions.raise_compiler_error("MEDIA_ENV=" ~ environment ~ ": the environments are dev, staging and prod.") }}
        {%- elif environment == 'prod' and env_var('MEDIA_PROD_CONFIRMED', '') != 'yes' -%}
            {{ exceptions.raise_compiler_error("MEDIA_ENV=prod: nothing is written into production unless MEDIA_PROD_CONFIRMED=yes is set. If production was not meant, set MEDIA_ENV=dev.") }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
