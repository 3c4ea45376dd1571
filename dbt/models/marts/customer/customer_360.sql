with accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

use_of_account as (
    select * from {{ ref("int_account_use") }}
),

billing as (
    select * from {{ ref("int_account_billing") }}
),

segments as (
    select * from {{ source("ml", "account_segment") }}
),

service as (
    select * from {{ ref("int_account_service") }}
),

tags as (
    select
        account_no,
        count(*) as tags,
        string_agg(tag_code, ',' order by tag_code) as tag_codes,
        string_agg(tag_zh, '、' order by tag_code) as tags_zh
    from {{ ref("customer_tag") }}
    group by account_no
),

as_of as (
    select * from {{ ref("int_as_of") }}
),

final as (
    select
        accounts.account_no,
        accounts.usage_category,
        accounts.usage_category_zh,
        accounts.org_no,
        accounts.station_name_zh,
        accounts.district_name_zh,
        accounts.contract_capacity_kva,
        coalesce(use_of_account.energy_30d_kwh, 0)::numeric(18, 3) as energy_30d_kwh,
        coalesce(use_of_account.energy_365d_kwh, 0)::numeric(18, 3) as energy_365d_kwh,
        use_of_account.peak_kw_30d,
        use_of_account.valley_share,
        use_of_account.load_factor,
        use_of_account.estimated_share_30d,
        billing.last_bill_month,
        coalesce(billing.billed_12m_yuan, 0)::numeric(18, 2) as billed_12m_yuan,
        coalesce(billing.arrears_yuan, 0)::numeric(18, 2) as arrears_yuan,
        coalesce(billing.arrears_days, 0) as arrears_days,
        billing.on_time_payment_share,
        coalesce(segments.segment_code, 'unscored')::text as segment_code,
        coalesce(segments.segment_name_zh, '未评分')::text as segment_name_zh,
        coalesce(segments.segment_name_en, 'Not scored')::text as segment_name_en,
        coalesce(service.interactions_12m, 0) as interactions_12m,
        service.last_contact_date,
        coalesce(service.complaints_12m, 0) as complaints_12m,
        coalesce(service.open_service_orders, 0) as open_service_orders,
        coalesce(service.products, 0) as products,
        service.products_zh,
        coalesce(service.consents, 0) > 0 as has_consent,
        service.consent_channels,
        coalesce(tags.tags, 0) as tags,
        tags.tag_codes,
        tags.tags_zh,
        as_of.data_as_of
    from accounts
    left join use_of_account on accounts.account_no = use_of_account.account_no
    left join billing on accounts.account_no = billing.account_no
    left join segments on accounts.account_no = segments.account_no
    left join service on accounts.account_no = service.account_no
    left join tags on accounts.account_no = tags.account_no
    cross join as_of
)

select * from final
