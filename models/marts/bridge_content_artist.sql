{{ config(materialized='view') }}

-- a view: it has no state that could fall behind the catalogue
with

content as (

    select content_id, artists from {{ ref('dim_content') }}

),

{{ content_parts('content', 'artists', 'artist') }},

final as (

    select content_id, artist, weight from weighted

)

select * from final
