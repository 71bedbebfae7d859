from django.db import migrations

# An erasure says so for its own transaction: SET LOCAL omni.erasing = 'on'.
CREATE = """
CREATE FUNCTION profiles_consent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('omni.erasing', true) = 'on' THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the ledger of consents is only appended to' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER consent_append_only BEFORE UPDATE OR DELETE ON profiles_consent
    FOR EACH ROW EXECUTE FUNCTION profiles_consent_append_only();
"""
DROP = """
DROP TRIGGER consent_append_only ON profiles_consent;
DROP FUNCTION profiles_consent_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("profiles", "0007_topics_and_requests")]
    operations = [migrations.RunSQL(CREATE, DROP)]
