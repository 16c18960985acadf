# Builds ollacode from this tree: nix build 'git+file:.?dir=packaging/nix'
# Not tried yet: written from the manual of nixpkgs.
{
  description = "A local AI coding agent with built-in semantic code search, for Ollama";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      source = ../..;
      manifest = builtins.fromTOML (builtins.readFile (source + "/Cargo.toml"));
    in
    {
      packages = nixpkgs.lib.genAttrs systems (system:
        let pkgs = nixpkgs.legacyPackages.${system}; in
        {
          default = pkgs.rustPlatform.buildRustPackage {
            pname = "ollacode";
            version = manifest.workspace.package.version;
            src = source;
            cargoLock.lockFile = source + "/Cargo.lock";
            buildType = "dist";
            nativeBuildInputs = [ pkgs.protobuf pkgs.installShellFiles ];
            PROTOC = "${pkgs.protobuf}/bin/protoc";
            # They need a browser, namespaces and other programs.
            doCheck = false;
            postInstall = ''
              $out/bin/ollacode man > ollacode.1
              installManPage ollacode.1
              installShellCompletion --cmd ollacode \
                --bash <($out/bin/ollacode completions bash) \
                --zsh <($out/bin/ollacode completions zsh) \
                --fish <($out/bin/ollacode completions fish)
              install -Dm644 packaging/systemd/*.service -t $out/lib/systemd/user
            '';
            meta = {
              description = manifest.package.description;
              license = pkgs.lib.licenses.mit;
              mainProgram = "ollacode";
              platforms = systems;
            };
          };
        });
    };
}
