# matrix-slack-bridge with its secrets from sops-nix: see README.md.
{ config, pkgs, ... }:

let
  secret = name: {
    sopsFile = ./secrets.yaml;
    key = "matrix-slack-bridge/${name}";
    restartUnits = [ "matrix-slack-bridge.service" ];
    # Pattern B:
    #   owner = "matrix-slack-bridge";
    #   mode = "0400";
  };
  path = name: config.sops.secrets."msb-${name}".path;
  names = [ "as_token" "hs_token" "bot_token" "app_token" "key" ];

  settings = {
    homeserver = {
      address = "http://127.0.0.1:8008";
      domain = "example.org";
    };
    database = {
      type = "postgres";
      uri = "postgresql:///matrix_slack?host=/run/postgresql";
      # Pattern B: "/run/secrets/msb-key"
      key_file = "\${CREDENTIALS_DIRECTORY}/key";
    };
    appservice = {
      address = "http://127.0.0.1:29335";
      hostname = "127.0.0.1";
      port = 29335;
    };
    bridge.permissions = {
      "example.org" = "user";
      "@me:example.org" = "admin";
    };
    network.logins = [
      {
        owner = "@me:example.org";
        # Pattern B: "/run/secrets/msb-bot_token" and so on
        bot_token_file = "\${CREDENTIALS_DIRECTORY}/bot_token";
        app_token_file = "\${CREDENTIALS_DIRECTORY}/app_token";
      }
    ];
    env_config_prefix = "BRIDGE_";
  };
  configFile = (pkgs.formats.yaml { }).generate "matrix-slack-bridge.yaml" settings;
in
{
  sops.secrets = builtins.listToAttrs (
    map (name: { name = "msb-${name}"; value = secret name; }) names
  );

  systemd.packages = [ pkgs.matrix-slack-bridge ]; # the unit of deploy/systemd
  systemd.services.matrix-slack-bridge = {
    wantedBy = [ "multi-user.target" ];
    serviceConfig = {
      # The unit's own lists first: this one takes their place.
      ExecStart = [
        ""
        "${pkgs.matrix-slack-bridge}/bin/matrix-slack-bridge -n -c ${configFile}"
      ];
      LoadCredential = [ "" ] ++ map (name: "${name}:${path name}") names;
      Environment = [
        ""
        # Pattern B: "/run/secrets/msb-as_token" and so on
        "BRIDGE_APPSERVICE__AS_TOKEN_FILE=%d/as_token"
        "BRIDGE_APPSERVICE__HS_TOKEN_FILE=%d/hs_token"
      ];
      # Pattern B, in place of LoadCredential and DynamicUser:
      #   User = "matrix-slack-bridge";
      #   DynamicUser = false;
    };
  };
}
